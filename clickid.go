package homing

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// ClickID is the id a visitor carries to the advertiser and a postback brings
// home: 20 bytes, written as exactly 40 of [0-9a-f]. To everybody but a
// [Keyring] it is an opaque token.
type ClickID [20]byte

// ClickIDLen is the length of a click id as text.
const ClickIDLen = 40

// ParseClickID reads a click id from its text. Only the one spelling counts:
// 40 characters of [0-9a-f]; two spellings of one id would be two keys.
func ParseClickID[T string | []byte](text T) (id ClickID, ok bool) {
	if len(text) != ClickIDLen {
		return id, false
	}
	for i := range id {
		hi, lo := unhex[text[2*i]], unhex[text[2*i+1]]
		if hi|lo > 0x0f {
			return ClickID{}, false
		}
		id[i] = hi<<4 | lo
	}
	return id, true
}

// unhex maps [0-9a-f] to their value and everything else to 0xff.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	return t
}()

// AppendHex appends the 40 characters of id to dst.
func (id ClickID) AppendHex(dst []byte) []byte { return hex.AppendEncode(dst, id[:]) }

func (id ClickID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the 40 characters of id.
func (id ClickID) MarshalText() ([]byte, error) { return id.AppendHex(nil), nil }

// UnmarshalText is the inverse of MarshalText.
func (id *ClickID) UnmarshalText(text []byte) error {
	p, ok := ParseClickID(text)
	if !ok {
		return ErrInvalid
	}
	*id = p
	return nil
}

// Epoch is where the time inside a click id begins.
const Epoch Millis = 1704067200000 // 2024-01-01T00:00:00Z

// MaxOriginTime is the last moment that fits a click id (42 bits from Epoch),
// in the year 2163.
const MaxOriginTime = Epoch + 1<<42 - 1

// Origin is what a genuine click id tells by itself: when it was minted, by
// which node as the how-manieth of its millisecond, and for which campaign.
// Two clicks never share one.
type Origin struct {
	Time     Millis
	Node     NodeID
	Seq      uint16 // 12 bits
	Campaign CampaignID
}

// MaxSeq is the largest sequence number within a millisecond of a node.
const MaxSeq = 1<<12 - 1

// OriginLen is the packed size of an Origin.
const OriginLen = 12

// Pack returns the 12 bytes under the encryption: 42 bits of milliseconds since
// Epoch, 10 of node, 12 of sequence, 32 of campaign, big-endian, so that bytes
// sort as (time, node, sequence). It is also the ledger's key of the click.
func (o Origin) Pack() (p [OriginLen]byte) {
	head := uint64(o.Time-Epoch)<<22 | uint64(o.Node)<<12 | uint64(o.Seq)
	binary.BigEndian.PutUint64(p[:8], head)
	binary.BigEndian.PutUint32(p[8:], uint32(o.Campaign))
	return p
}

// UnpackOrigin is the inverse of Pack. Every 12 bytes are some origin.
func UnpackOrigin(p [OriginLen]byte) Origin {
	head := binary.BigEndian.Uint64(p[:8])
	return Origin{
		Time:     Millis(head>>22) + Epoch,
		Node:     NodeID(head >> 12 & uint64(MaxNode)),
		Seq:      uint16(head & MaxSeq),
		Campaign: CampaignID(binary.BigEndian.Uint32(p[8:])),
	}
}

// Test tells whether the click is test traffic.
func (o Origin) Test() bool { return o.Node.Test() }

// Age is how old the click is at now; negative for one minted by a clock ahead
// of ours.
func (o Origin) Age(now Millis) time.Duration {
	return time.Duration(now-o.Time) * time.Millisecond
}
