package certificate

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// checkPEM tells in words what a file lacks; crypto/tls would tell it in its
// own.
func checkPEM(text []byte, want string) error {
	var found []string
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.HasPrefix(block.Type, "ENCRYPTED") || bytes.Contains([]byte(block.Headers["Proc-Type"]), []byte("ENCRYPTED")) {
			return errors.New("the key is protected by a passphrase; remove it (openssl pkey -in FILE -out FILE)")
		}
		if strings.HasSuffix(block.Type, want) {
			return nil
		}
		found = append(found, block.Type)
	}
	what := "certificate"
	if want != "CERTIFICATE" {
		what = "private key"
	}
	if len(found) > 0 {
		return fmt.Errorf("there is no %s in it, but %s; are the two files swapped?", what, strings.Join(found, ", "))
	}
	return fmt.Errorf("there is no %s in PEM form in it (it begins with -----BEGIN …-----)", what)
}

// explain turns the usual error of a pair into words.
func explain(err error) error {
	if strings.Contains(err.Error(), "does not match") {
		return errors.New("the key does not belong to the certificate")
	}
	return err
}
