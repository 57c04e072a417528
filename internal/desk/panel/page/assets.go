package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"homing"
	"homing/web"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages load. Their URLs carry a hash of their bytes,
// so that a browser may keep them for good, and gets new ones at once.
type assets struct {
	byURL  map[string]*asset // "panel.1f3a….css"
	byName map[string]string // "panel.css" → its URL
}

type asset struct {
	kind string
	body []byte
	// packed is body for those who take gzip; nil if it would be no smaller. It
	// is made when somebody asks first.
	packed func() []byte
}

// styles are joined into one file, in this order.
var styles = []string{"tokens.css", "base.css", "frame.css", "parts.css", "pages.css"}

// kinds are the media types of assets.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

func loadAssets(screens []Screen) (*assets, error) {
	a := &assets{byURL: map[string]*asset{}, byName: map[string]string{}}
	files := web.Files() // nothing, if it was not bundled
	var css bytes.Buffer
	for _, name := range styles {
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		css.Write(body)
	}
	for _, s := range screens {
		css.WriteString(s.Style)
		for name, source := range s.Scripts {
			if files[name] != nil {
				return nil, fmt.Errorf("two scripts are called %s: %w", name, homing.ErrConflict)
			}
			files[name] = []byte(source)
		}
	}
	files["panel.css"] = css.Bytes()
	for _, name := range []string{"panel.js", "icon.svg"} {
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = body
	}
	for name, body := range files {
		if err := a.add(name, body); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *assets) add(name string, body []byte) error {
	ext := path.Ext(name)
	if kinds[ext] == "" {
		return fmt.Errorf("%w asset %q: nobody knows what kind of file it is", homing.ErrInvalid, name)
	}
	sum := sha256.Sum256(body)
	file := name[:len(name)-len(ext)] + "." + hex.EncodeToString(sum[:6]) + ext
	a.byURL[file] = &asset{kinds[ext], body, sync.OnceValue(func() []byte { return pack(body) })}
	a.byName[name] = "/assets/" + file
	return nil
}

func pack(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level exists
	_, _ = w.Write(body)                                    // into memory
	if w.Close() != nil || out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}

// url is the template function asset.
func (a *assets) url(name string) (string, error) {
	url, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("asset %q: %w", name, homing.ErrNotFound)
	}
	return url, nil
}

// bundled is the template function for assets of package web, which may be
// missing: then it gives nothing, and the page does without.
func (a *assets) bundled(name string) string { return a.byName[name] }

func showAsset(v *Visit) error {
	asset, ok := v.house.assets.byURL[v.Params["file"]]
	if !ok {
		return fmt.Errorf("asset: %w", homing.ErrNotFound)
	}
	h, body := v.W.Header(), asset.body
	h.Set("Vary", "Accept-Encoding")
	if takesGzip(v.R) {
		if packed := asset.packed(); packed != nil {
			h.Set("Content-Encoding", "gzip")
			body = packed
		}
	}
	h.Set("Content-Type", asset.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(body) // whoever has gone does not mind
	return nil
}

// takesGzip tells whether Accept-Encoding names gzip, and not to refuse it.
func takesGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(one, ";")
			if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				continue
			}
			q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			return !found || strings.Trim(q, "0.") != ""
		}
	}
	return false
}
