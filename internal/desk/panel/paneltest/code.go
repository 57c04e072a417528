package paneltest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Code is what an app for one-time codes shows for a key, as the page tells it.
func Code(key string, at time.Time) string {
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(key, "-", ""))
	if err != nil {
		panic(err)
	}
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30) // into memory
	sum := mac.Sum(nil)
	number := binary.BigEndian.Uint32(sum[sum[19]&0xf:]) & 0x7fffffff
	return fmt.Sprintf("%06d", number%1_000_000)
}
