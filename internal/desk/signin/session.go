package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// How long a session lasts: idle for so long, and so long at most. It is
// renewed no more than once an hour, because each time is a durable write.
const (
	idle       = 14 * 24 * time.Hour
	absolute   = 30 * 24 * time.Hour
	renewAfter = time.Hour
)

// Token is the secret of a session or a link: 32 random bytes in base64url. It
// prints as "[token]"; only Reveal gives the text.
type Token string

const tokenLen = 32

// Reveal returns the token's text.
func (t Token) Reveal() string { return string(t) }

func (t Token) String() string   { return "[token]" }
func (t Token) GoString() string { return "[token]" }

func newToken() Token { return Token(base64.RawURLEncoding.EncodeToString(random(tokenLen))) }

// hash is what is stored. A text that is no token has a hash too, which nobody
// has.
func (t Token) hash() ledger.TokenHash { return sha256.Sum256([]byte(t)) }

// begin begins a session.
func (s *SignIn) begin(ctx context.Context, user homing.UserID, from Agent) (Token, error) {
	token, now := newToken(), s.now()
	err := s.people.PutSession(ctx, ledger.Session{
		Token: token.hash(), User: user, Created: now, Expires: now + homing.MillisIn(idle),
		Addr: kept(from.Addr), UserAgent: short(from.UserAgent),
	})
	if err != nil {
		return "", fmt.Errorf("couldn't begin a session: %w", err)
	}
	return token, nil
}

// End ends the session of a request, if it has one.
func (s *SignIn) End(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return nil // nobody was signed in
	}
	http.SetCookie(w, s.cookie("", -1))
	err = s.people.DropSession(r.Context(), Token(cookie.Value).hash())
	if err != nil && !errors.Is(err, homing.ErrNotFound) {
		return fmt.Errorf("couldn't end the session: %w", err)
	}
	return nil
}

// Remember gives the browser the token of its session.
func (s *SignIn) Remember(w http.ResponseWriter, t Token) {
	http.SetCookie(w, s.cookie(t.Reveal(), int(idle/time.Second)))
}

// cookieName: browsers accept the prefix only with Secure, Path=/ and no
// Domain, so that no other host or page can plant the cookie. Over http on
// loopback there is no Secure.
func (s *SignIn) cookieName() string {
	if s.secure {
		return "__Host-homing"
	}
	return "homing"
}

func (s *SignIn) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// personKey is the request context's key of the Person.
type personKey struct{}

// Recognize puts the Person of a request's session into its context, and
// renews the session. Requests of strangers pass too. If the ledger cannot be
// asked, fail answers.
func (s *SignIn) Recognize(next http.Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, err := s.recognize(w, r)
		if err != nil {
			fail(w, r, err)
			return
		}
		if person != nil {
			r = r.WithContext(context.WithValue(r.Context(), personKey{}, person))
		}
		next.ServeHTTP(w, r)
	})
}

// PersonOf returns who makes a request that went through Recognize; nil for a
// stranger.
func PersonOf(r *http.Request) *Person {
	p, _ := r.Context().Value(personKey{}).(*Person)
	return p
}

func (s *SignIn) recognize(w http.ResponseWriter, r *http.Request) (*Person, error) {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil || cookie.Value == "" {
		return nil, nil
	}
	token := Token(cookie.Value)
	session, err := s.people.SessionBy(r.Context(), token.hash())
	if errors.Is(err, homing.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("couldn't read the session: %w", err)
	}
	now := s.now()
	if now >= session.Expires { // which renew never moves beyond the absolute end
		return nil, nil
	}
	user, err := s.people.UserByID(r.Context(), session.User)
	if errors.Is(err, homing.ErrNotFound) || err == nil && user.Disabled {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("couldn't read the user: %w", err)
	}
	s.renew(w, r, token, &session, now)
	return &Person{User: user, Session: session}, nil
}

// renew moves the end of a session ahead. A failure is no reason to turn the
// person away: the session is good as it stands.
func (s *SignIn) renew(w http.ResponseWriter, r *http.Request, t Token, session *ledger.Session, now homing.Millis) {
	expires := min(now+homing.MillisIn(idle), session.Created+homing.MillisIn(absolute))
	if expires-session.Expires < homing.MillisIn(renewAfter) {
		return
	}
	renewed := *session
	renewed.Expires = expires
	if s.people.PutSession(r.Context(), renewed) == nil {
		*session = renewed
		http.SetCookie(w, s.cookie(t.Reveal(), int((expires-now)/1000)))
	}
}

// kept is what sessions keep of an address: not the person.
func kept(addr netip.Addr) string {
	if addr = homing.CutAddr(addr); addr.IsValid() {
		return addr.String()
	}
	return ""
}

// short bounds what a stranger can have stored.
func short(text string) string {
	const most = 255
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}
