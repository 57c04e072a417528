package control

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// SocketName is the socket's name in the data directory.
const SocketName = "control.sock"

// Dial asks the server of a data directory over its socket, and nobody else:
// nothing is opened if none runs. Nothing is connected yet.
func Dial(dataDir string) http.RoundTripper {
	path := filepath.Join(dataDir, SocketName)
	return &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			short, release, err := shorten(path)
			if err != nil {
				return nil, err
			}
			defer release()
			var d net.Dialer
			return d.DialContext(ctx, "unix", short)
		},
	}
}

// maxSocketPath is how long a socket's address may be everywhere, less some.
const maxSocketPath = 100

// shorten gives a path another name that fits a socket's address, as long as it
// is not released.
func shorten(path string) (short string, release func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	short = filepath.Join("/proc/self/fd", strconv.Itoa(int(dir.Fd())), filepath.Base(path))
	return short, func() { dir.Close() }, nil
}
