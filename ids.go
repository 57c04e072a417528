package homing

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// Numbers of things. They are given out by the ledger, begin at 1 and are
// never used again, not even after an erasure, because click ids and
// conversions that carry them live on elsewhere.
type (
	AccountID    uint32
	CampaignID   uint32
	KeyID        uint32
	UserID       uint32
	ConversionID int64 // also the order in which conversions were committed
	// GoalID is chosen by the operator for a campaign; 0 means none was sent.
	GoalID uint32
)

func (id AccountID) String() string    { return strconv.FormatUint(uint64(id), 10) }
func (id CampaignID) String() string   { return strconv.FormatUint(uint64(id), 10) }
func (id KeyID) String() string        { return strconv.FormatUint(uint64(id), 10) }
func (id UserID) String() string       { return strconv.FormatUint(uint64(id), 10) }
func (id ConversionID) String() string { return strconv.FormatInt(int64(id), 10) }
func (id GoalID) String() string       { return strconv.FormatUint(uint64(id), 10) }

// NodeID is the number a node mints click ids under; 10 bits. It is leased
// from the ledger, see the contract of ledger.Lessor.
type NodeID uint16

const (
	// MaxNode is the largest node number that fits a click id.
	MaxNode NodeID = 1<<10 - 1
	// FirstTestNode begins the node numbers that only mint test ids. The id
	// alone proves a click, so the mark "test" must be readable from the id
	// alone as well.
	FirstTestNode NodeID = 1008
	// DemoNode is the number that the made-up clicks of demo accounts carry. It
	// is never lent, so no visitor's click of any time can share an origin with
	// one; two demos have campaigns of their own, which an origin tells.
	DemoNode NodeID = FirstTestNode - 1
)

// Test tells whether ids of this node mark test traffic, which is in no total.
func (n NodeID) Test() bool { return n >= FirstTestNode }

// RequestID names one request in headers, logs and the postback log: 48 bits of
// milliseconds, 16 bits of node, 32 bits of a counter. It is unique among the
// requests of all nodes and carries no secret.
type RequestID [12]byte

// NewRequestID puts a request id together.
func NewRequestID(at Millis, node NodeID, n uint32) (id RequestID) {
	ms := uint64(at)
	for i := 5; i >= 0; i-- {
		id[i] = byte(ms)
		ms >>= 8
	}
	id[6], id[7] = byte(node>>8), byte(node)
	id[8], id[9], id[10], id[11] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return id
}

// Time is the moment that the id carries: when the request arrived.
func (id RequestID) Time() (at Millis) {
	for _, b := range id[:6] {
		at = at<<8 | Millis(b)
	}
	return at
}

// AppendText appends the 24 lower-case hex digits of id.
func (id RequestID) AppendText(dst []byte) ([]byte, error) {
	return hex.AppendEncode(dst, id[:]), nil
}

// MarshalText writes the 24 lower-case hex digits of id.
func (id RequestID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText is the inverse of MarshalText.
func (id *RequestID) UnmarshalText(text []byte) error {
	p, err := ParseRequestID(string(text))
	*id = p
	return err
}

func (id RequestID) String() string { return hex.EncodeToString(id[:]) }

// ParseRequestID reads what String wrote.
func ParseRequestID(s string) (id RequestID, err error) {
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("%w request id %q: want 24 hex digits", ErrInvalid, s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return RequestID{}, fmt.Errorf("%w request id %q: want 24 hex digits", ErrInvalid, s)
	}
	return id, nil
}
