package page

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"homing"
)

func TestAssetsAreSentPackedToThoseWhoTakeThem(t *testing.T) {
	long := strings.Repeat("export const a = 1;\n", 200)
	a, err := loadAssets([]Screen{{Scripts: map[string]string{"live.js": long, "tiny.js": "1"}}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(name, accept string) *httptest.ResponseRecorder {
		url, err := a.url(name)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", url, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		v := &Visit{house: &house{assets: a}, W: w, R: r, Params: map[string]string{"file": strings.TrimPrefix(url, "/assets/")}}
		if err := showAsset(v); err != nil {
			t.Fatal(err)
		}
		return w
	}
	for accept, want := range map[string]string{
		"gzip": "gzip", "br, gzip;q=0.5": "gzip", "GZIP ; q=1.0": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.0, br": "", "xgzip": "",
	} {
		w := get("live.js", accept)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding %q, want %q", accept, got, want)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("headers: %v", w.Header())
		}
		body := io.Reader(w.Body)
		if want == "gzip" {
			if body, err = gzip.NewReader(bytes.NewReader(w.Body.Bytes())); err != nil {
				t.Fatal(err)
			}
		}
		if text, _ := io.ReadAll(body); string(text) != long {
			t.Errorf("Accept-Encoding %q: the text is another", accept)
		}
	}
	if w := get("tiny.js", "gzip"); w.Header().Get("Content-Encoding") != "" || w.Code != http.StatusOK {
		t.Error("what packing makes larger is packed")
	}
}

func TestScriptsOfOneNameAreAFault(t *testing.T) {
	twice := []Screen{{Scripts: map[string]string{"a.js": "1"}}, {Scripts: map[string]string{"a.js": "2"}}}
	if _, err := loadAssets(twice); !errors.Is(err, homing.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if _, err := loadAssets([]Screen{{Scripts: map[string]string{"a.exe": "1"}}}); !errors.Is(err, homing.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
