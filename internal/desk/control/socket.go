package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

// SocketName is the socket's name in the data directory.
const SocketName = "control.sock"

// Listen makes the control socket of a data directory, which the caller must
// have locked: so a socket that is there was left by a process that has died.
// Only the owner may connect, from the first moment on.
func Listen(dataDir string) (net.Listener, error) {
	path := filepath.Join(dataDir, SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("couldn't remove the old control socket: %w", err)
	}
	short, release, err := shorten(path)
	if err != nil {
		return nil, fmt.Errorf("couldn't listen on %s: %w", path, err)
	}
	defer release()
	old := syscall.Umask(0o177)
	listener, err := net.Listen("unix", short)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("couldn't listen on %s: %w", path, err)
	}
	return listener, nil
}

// Dial asks the server of a data directory over its socket, and nobody else:
// nothing is opened if none runs. Nothing is connected yet.
func Dial(dataDir string) http.RoundTripper {
	return &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return connect(ctx, dataDir)
		},
	}
}

// Running tells whether a server listens on the socket of a data directory.
func Running(ctx context.Context, dataDir string) bool {
	conn, err := connect(ctx, dataDir)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func connect(ctx context.Context, dataDir string) (net.Conn, error) {
	short, release, err := shorten(filepath.Join(dataDir, SocketName))
	if err != nil {
		return nil, err
	}
	defer release()
	var d net.Dialer
	return d.DialContext(ctx, "unix", short)
}

// maxSocketPath is how long a socket's address may be everywhere, less some.
const maxSocketPath = 100

// shorten gives a path another name that fits a socket's address, through a
// link in the temporary directory, as long as it is not released.
func shorten(path string) (short string, release func(), err error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	tmp, err := os.MkdirTemp("", "homing-")
	if err != nil {
		return "", nil, err
	}
	remove := func() { _ = os.RemoveAll(tmp) } // a link in the temporary directory hurts nobody
	link := filepath.Join(tmp, "d")
	if err := os.Symlink(dir, link); err != nil {
		remove()
		return "", nil, err
	}
	return filepath.Join(link, filepath.Base(path)), remove, nil
}
