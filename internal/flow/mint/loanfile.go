package mint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"homing"
	"homing/internal/flow/cluster/durable"
)

// The borrowed node numbers are a file of the data directory:
//
//	{"version":1,"number":…,"boot":"…","at":…,"starts":["…"],"loans":[{"node":3,"token":"…","mark":…,"used":…}],"sum":"…64 hex…"}
//
// The sum is the SHA-256 of the same text with an empty sum.
const loansVersion = 1

// savedLoans is what is written down.
type savedLoans struct {
	Version int `json:"version"`
	// Number is the file's own, see durable.Number.
	Number uint64 `json:"number"`
	// Boot tells on which start of which machine this was written.
	Boot string `json:"boot"`
	// At is when this was written, which a node at work does every few seconds.
	At homing.Millis `json:"at"`
	// Starts are those that may have claimed these numbers in the ledger: the last
	// that is known to have, and all that have tried since.
	Starts []string    `json:"starts"`
	Loans  []savedLoan `json:"loans"`
	Sum    string      `json:"sum"`
}

// savedLoan is a number on loan from the ledger.
type savedLoan struct {
	Node  homing.NodeID `json:"node"`
	Token uint64        `json:"token,string"`
	Mark  homing.Millis `json:"mark"` // the ledger's: ids may carry times up to it
	Used  homing.Millis `json:"used"` // the fine mark: no id carries a later time
	// Doubt: another machine with a clone of this disk may be minting under it, or may
	// have been. See Local.
	Doubt bool `json:"doubt,omitempty"`
}

// loanKeeper keeps what was borrowed.
type loanKeeper interface {
	// read returns what was written last, and the number of the file it lies in;
	// nothing if nothing was written. homing.ErrDamaged: it is not what was written.
	read() (s savedLoans, number uint64, err error)
	// write returns when s is durable.
	write(s savedLoans) error
}

func (f loanFile) read() (s savedLoans, number uint64, err error) {
	text, err := os.ReadFile(f.path)
	if err == nil {
		number, err = durable.Number(f.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return savedLoans{}, 0, nil
	}
	if err != nil {
		return savedLoans{}, 0, fmt.Errorf("couldn't read the borrowed node numbers: %w: %w", homing.ErrUnavailable, err)
	}
	if s, err = parseLoans(text); err != nil {
		return savedLoans{}, number, fmt.Errorf("node numbers in %s: %w", f.path, err)
	}
	return s, number, nil
}

// text writes s down.
func (s savedLoans) text() ([]byte, error) {
	s.Version, s.Sum = loansVersion, ""
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	s.Sum = hex.EncodeToString(sum[:])
	text, err = json.Marshal(s)
	return append(text, '\n'), err
}

func parseLoans(text []byte) (s savedLoans, err error) {
	// The version first: what a newer one has besides is not for us to judge.
	var of struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &of); err == nil && of.Version > loansVersion {
		return savedLoans{}, homing.ErrNewer
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return savedLoans{}, fmt.Errorf("%w: it is not what was written: %w", homing.ErrDamaged, err)
	}
	if again, err := s.text(); err != nil || !bytes.Equal(again, text) {
		return savedLoans{}, fmt.Errorf("%w: its checksum is wrong", homing.ErrDamaged)
	}
	return s, nil
}

// bootOf tells this start of this machine from any other; empty where the system
// does not say.
func bootOf() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // other systems have none, and a container may not be shown it
	}
	return string(bytes.TrimSpace(text))
}
