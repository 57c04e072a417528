package api

import (
	"errors"
	"strings"

	"homing/internal/desk/sender"
	"homing/internal/desk/signin"
)

// authenticate finds the token of a request. A wrong one counts against the
// address it comes from; a good one is never refused for what others did there.
func (c *call) authenticate() error {
	text, given := bearer(c.r.Header.Values("Authorization"))
	if !given {
		return noToken
	}
	token, err := c.api.tokens.Bearer(c.ctx, text)
	if errors.Is(err, signin.ErrNoToken) {
		if wait := c.api.wrong.Spend(c.api.Clock(), sender.Of(c.r, c.api.TrustedProxies)); wait > 0 {
			return tooManyTries(wait)
		}
		return badToken
	}
	c.token = token
	return err
}

// bearer takes the token out of the one Authorization header. The scheme's name
// is compared as RFC 9110 has it, without regard to case.
func bearer(headers []string) (text string, given bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, text, found := strings.Cut(headers[0], " ")
	return strings.TrimLeft(text, " "), found && strings.EqualFold(scheme, "Bearer")
}
