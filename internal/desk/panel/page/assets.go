package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"

	"homing"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages load. Their URLs carry a hash of their bytes,
// so that a browser may keep them for good, and gets new ones at once.
type assets struct {
	byURL  map[string]asset  // "panel.1f3a….css"
	byName map[string]string // "panel.css" → its URL
}

type asset struct {
	kind string
	body []byte
}

// styles are joined into one file, in this order.
var styles = []string{"tokens.css", "base.css", "frame.css", "parts.css", "pages.css"}

func loadAssets(screens []Screen) (*assets, error) {
	a := &assets{byURL: map[string]asset{}, byName: map[string]string{}}
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
	}
	a.add("panel.css", "text/css; charset=utf-8", css.Bytes())
	for name, kind := range map[string]string{
		"panel.js": "text/javascript; charset=utf-8",
		"icon.svg": "image/svg+xml",
	} {
		body, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		a.add(name, kind, body)
	}
	return a, nil
}

func (a *assets) add(name, kind string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	file := name[:len(name)-len(ext)] + "." + hex.EncodeToString(sum[:6]) + ext
	a.byURL[file] = asset{kind, body}
	a.byName[name] = "/assets/" + file
}

// url is the template function asset.
func (a *assets) url(name string) (string, error) {
	url, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("asset %q: %w", name, homing.ErrNotFound)
	}
	return url, nil
}

func showAsset(v *Visit) error {
	asset, ok := v.house.assets.byURL[v.Params["file"]]
	if !ok {
		return fmt.Errorf("asset: %w", homing.ErrNotFound)
	}
	h := v.W.Header()
	h.Set("Content-Type", asset.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(asset.body)))
	v.W.WriteHeader(http.StatusOK)
	_, _ = v.W.Write(asset.body) // whoever has gone does not mind
	return nil
}
