package edge

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// readAnswer reads one answer by hand, so that nothing between the test and
// the bytes is kind to them.
func readAnswer(r io.Reader, head bool) (a answer) {
	br := bufio.NewReader(r)
	line, err := br.ReadString('\n')
	if err != nil {
		return answer{closed: true}
	}
	fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
	if len(fields) > 1 {
		a.status, _ = strconv.Atoi(fields[1])
	}
	a.headers = map[string]string{}
	for {
		line, err := br.ReadString('\n')
		if err != nil || line == "\r\n" {
			break
		}
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ": ")
		a.headers[strings.ToLower(name)] = value
	}
	n, _ := strconv.Atoi(a.headers["content-length"])
	if !head {
		body := make([]byte, n)
		m, _ := io.ReadFull(br, body)
		a.body = string(body[:m])
	}
	if a.headers["connection"] == "close" {
		_, err := br.ReadByte()
		a.closed = err == io.EOF
	}
	return a
}
