package paneltest

import (
	"io"
	"net/http"
)

// Send posts a body of whatever kind, such as a form with a file.
func (b *Browser) Send(path, kind string, body io.Reader) Answer {
	b.House.T.Helper()
	r, err := http.NewRequestWithContext(b.House.Context(), http.MethodPost, b.House.Server.URL+path, body)
	b.House.Must(err)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := b.HTTP.Do(r)
	b.House.Must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.House.Must(err)
	return Answer{response, b.House.T, string(text)}
}
