package signin

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"homing"
)

// seal wraps a text for the browser to hold for a while: 8 bytes with the end of
// that while, then the text. Nobody but this installation can read it, change it,
// or use it for another purpose.
func (s *SignIn) seal(purpose, text string, good time.Duration) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(s.now()+homing.MillisIn(good)))
	plain = append(plain, text...)
	return base64.RawURLEncoding.EncodeToString(s.keyring().SealSecret(homing.Secret(plain), purpose))
}

// open unwraps what seal made, if its while is not over.
func (s *SignIn) open(purpose, sealed string) (text string, ok bool) {
	box, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", false
	}
	secret, err := s.keyring().OpenSecret(box, purpose)
	plain := secret.Reveal()
	if err != nil || len(plain) < 8 {
		return "", false
	}
	if until := binary.BigEndian.Uint64([]byte(plain[:8])); uint64(s.now()) >= until {
		return "", false
	}
	return plain[8:], true
}
