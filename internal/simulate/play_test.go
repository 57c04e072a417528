package simulate

import "testing"

func TestListenersAreReachedOnLoopback(t *testing.T) {
	for listener, want := range map[string]string{
		"http://127.0.0.1:8080": "127.0.0.1:8080", "http://0.0.0.0:8080": "127.0.0.1:8080",
		"http://[::]:8080": "127.0.0.1:8080", "http://:8080": "127.0.0.1:8080", "https://t.example:8443": "t.example:8443",
		"http://[::1]:80": "[::1]:80", "nonsense": "",
	} {
		if got, err := dialable(listener); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", listener, got, err)
		}
	}
}
