package rehearse

import (
	"fmt"
	"regexp"
	"strings"

	"homing"
)

// paste is a request as somebody pasted it.
type paste struct {
	method string
	scheme string // http, https; empty = not told
	host   string // empty = not told
	target string // path and query
	cut    bool   // something followed the URL
}

// maxPaste bounds what is looked at.
const maxPaste = 16 << 10

// requestLine is how requests begin, and stand in access logs.
var requestLine = regexp.MustCompile(`(?:^|["\s])(GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH) (\S+)(?: HTTP/\d|$)`)

// hostLine is the header of a pasted request.
var hostLine = regexp.MustCompile(`(?mi)^host:[ \t]*(\S+)`)

// readPaste finds the request in what was pasted: a URL, a path, a curl command,
// a request, or a line of an access log.
func readPaste(text string) (p paste, err error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "$ ")
	switch {
	case text == "":
		return p, fmt.Errorf("%w URL: there is nothing to judge; paste a postback URL", homing.ErrInvalid)
	case len(text) > maxPaste:
		return p, fmt.Errorf("%w URL: it is longer than %d bytes, which no postback is", homing.ErrInvalid, maxPaste)
	}
	p.method = "GET"
	first, _, _ := strings.Cut(text, " ")
	header := hostLine.FindStringSubmatch(text)
	switch line := requestLine.FindStringSubmatch(firstLine(text)); {
	case first == "curl" || strings.HasSuffix(first, "/curl"):
		text = p.readCurl(shellWords(text))
	case line != nil:
		p.method, text = line[1], line[2]
	default:
		text = p.findURL(firstLine(text))
	}
	if !p.takeURL(text) {
		return p, fmt.Errorf("%w URL: there is no URL or path in it; a postback's begins with https:// or %s", homing.ErrInvalid, postbackPath)
	}
	if p.host == "" && header != nil {
		p.host = header[1]
	}
	return p, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimRight(line, "\r\t ")
}

// findURL is the URL in a line: the line itself, or the first word that is one.
func (p *paste) findURL(line string) string {
	line = unquoted(line)
	start := 0
	if !strings.HasPrefix(line, "/") {
		if i := strings.Index(strings.ToLower(line), "http"); i >= 0 && hasScheme(line[i:]) {
			start = i
		} else if i := strings.Index(line, "/"); i >= 0 { // a host without its scheme
			start = strings.LastIndexAny(line[:i], " \t\"'<(=") + 1
		}
	}
	text := line[start:]
	end := " \t"
	if start > 0 {
		end = " \t\"'<>`"
	}
	if i := strings.IndexAny(text, end); i >= 0 {
		p.cut = start == 0
		text = text[:i]
	}
	return text
}

// unquoted takes a pair of quotes off.
func unquoted(text string) string {
	for _, pair := range []string{`""`, "''", "``", "<>"} {
		if len(text) > 1 && text[0] == pair[0] && text[len(text)-1] == pair[1] {
			return text[1 : len(text)-1]
		}
	}
	return text
}

func hasScheme(text string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// takeURL takes a URL apart, as far as scheme, host and the rest. It does not
// clean it: what is wrong with it is what one wants to know.
func (p *paste) takeURL(text string) bool {
	if hasScheme(text) {
		scheme, rest, _ := strings.Cut(text, "://")
		p.scheme, text = strings.ToLower(scheme), rest
	} else if strings.HasPrefix(text, "/") {
		p.target = text
		return true
	}
	slash := strings.IndexAny(text, "/?#")
	if slash <= 0 || text[slash] != '/' || strings.ContainsAny(text[:slash], " \"'<>{}") {
		return false
	}
	p.host, p.target = text[:slash], text[slash:]
	return true
}

// readCurl finds the URL and the method in the words of a curl command.
func (p *paste) readCurl(words []string) (url string) {
	method, query := "", false
	for i := 1; i < len(words); i++ {
		name, value, joined := strings.Cut(words[i], "=")
		if !strings.HasPrefix(words[i], "-") || words[i] == "-" {
			if url == "" && strings.Contains(words[i], "/") {
				url = words[i]
			}
			continue
		}
		if short := words[i]; len(short) > 2 && short[1] != '-' && takesValue[short[:2]] {
			name, value, joined = short[:2], short[2:], true
		}
		if takesValue[name] && !joined && i+1 < len(words) {
			i++
			value = words[i]
		}
		switch name {
		case "-X", "--request":
			method = strings.ToUpper(value)
		case "-I", "--head":
			method = "HEAD"
		case "-G", "--get":
			query = true
		case "-d", "--data", "--data-raw", "--data-urlencode", "--data-binary", "-F", "--form", "--json":
			if method == "" && !query {
				method = "POST"
			}
		case "--url":
			url = value
		}
	}
	if query && method == "POST" {
		method = ""
	}
	if method != "" {
		p.method = method
	}
	return url
}

// takesValue are curl's options that are followed by a value, as far as they are
// used for calls like ours.
var takesValue = func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq("-X --request -H --header -A --user-agent -o --output -u --user -e --referer -m --max-time " +
		"--connect-timeout -x --proxy -b --cookie -c --cookie-jar -d --data --data-raw --data-urlencode --data-binary -F --form --json " +
		"-w --write-out --url --cacert --cert --key --resolve --retry --interface -T --upload-file --tls-max --ciphers -D --dump-header") {
		names[name] = true
	}
	return names
}()

// shellWords parts a command as a shell does: blanks, quotes, backslashes, lines
// that go on behind a backslash. It expands nothing.
func shellWords(text string) (words []string) {
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"' && c != '\\':
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(text):
			i++
			if text[i] != '\n' {
				word.WriteByte(text[i])
				in = true
			}
		case quote == 0 && (c == '\'' || c == '"'):
			quote, in = c, true
		case quote == 0 && strings.IndexByte(" \t\r\n", c) >= 0:
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words
}
