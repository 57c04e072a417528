package homing

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// The records that spool and ledger store. Each begins with a version byte; a
// reader refuses versions it does not know with ErrNewer, and decodes every
// older one. Integers are unsigned varints (encoding/binary) unless a size is
// given; "text" is its length and its bytes.
//
// Click, version 1:
//
//	version u8 | origin 12 bytes, see Origin.Pack | class u8
//	address: length u8 (0, 4 or 16), bytes
//	User-Agent text | Referer text | Accept-Language text
//	then, to the end, for each parameter given: Param u8, value text
//
// The click id itself is not stored: the keyring works it out from the origin.
//
// Postback, version 1:
//
//	version u8 | request 12 bytes | arrival (ms)
//	address: length u8, bytes
//	bits u8: 1 https, 2 genuine click, 4 value given
//	method text | target text | User-Agent text
//	account | campaign | key
//	click id 20 bytes and origin 12 bytes, if genuine
//	goal | lead code text | value (micro-units), if given | price | currency text
//	outcome u8 | reason u8 | flags | conversion
//
// Tally, version 1:
//
//	version u8 | second (ms) | address: length u8, bytes
//	account | outcome u8 | reason u8 | count
const recordVersion = 1

const (
	bitHTTPS = 1 << iota
	bitGenuine
	bitValue
)

// AppendClick appends the record of c to dst.
func AppendClick(dst []byte, c *Click) []byte {
	origin := c.Origin.Pack()
	dst = append(dst, recordVersion)
	dst = append(dst, origin[:]...)
	dst = append(dst, byte(c.Class))
	dst = appendAddr(dst, c.Addr)
	dst = appendText(dst, c.UserAgent)
	dst = appendText(dst, c.Referrer)
	dst = appendText(dst, c.Language)
	for p, value := range c.Params {
		if value != nil {
			dst = append(dst, byte(p))
			dst = appendText(dst, value)
		}
	}
	return dst
}

// DecodeClick reads a record written by AppendClick into c. The slices of c
// point into record. Its ID is left zero, see Keyring.Seal.
func DecodeClick(c *Click, record []byte) error {
	r := reader{rest: record}
	r.version()
	*c = Click{}
	c.Origin = r.origin()
	c.Class = ClickClass(r.byte())
	c.Addr = r.addr()
	c.UserAgent = r.text()
	c.Referrer = r.text()
	c.Language = r.text()
	for r.err == nil && len(r.rest) > 0 {
		p, value := r.byte(), r.text()
		if int(p) < ParamCount { // a later version of us may know more
			c.Params[p] = value
		}
	}
	return r.done("click")
}

// AppendPostback appends the record of p to dst.
func AppendPostback(dst []byte, p *Postback) []byte {
	dst = append(dst, recordVersion)
	dst = append(dst, p.Request[:]...)
	dst = binary.AppendUvarint(dst, uint64(p.At))
	dst = appendAddr(dst, p.Addr)
	genuine := p.Click != (ClickID{})
	dst = append(dst, bit(p.HTTPS, bitHTTPS)|bit(genuine, bitGenuine)|bit(p.Value.Given, bitValue))
	dst = appendText(dst, p.Method)
	dst = appendText(dst, p.Target)
	dst = appendText(dst, p.UserAgent)
	dst = binary.AppendUvarint(dst, uint64(p.Account))
	dst = binary.AppendUvarint(dst, uint64(p.Campaign))
	dst = binary.AppendUvarint(dst, uint64(p.Key))
	if genuine {
		origin := p.Origin.Pack()
		dst = append(dst, p.Click[:]...)
		dst = append(dst, origin[:]...)
	}
	dst = binary.AppendUvarint(dst, uint64(p.Goal))
	dst = appendText(dst, p.Lead)
	if p.Value.Given {
		dst = binary.AppendUvarint(dst, uint64(p.Value.Money))
	}
	dst = binary.AppendUvarint(dst, uint64(p.Price))
	dst = appendText(dst, p.Currency)
	dst = append(dst, byte(p.Verdict.Outcome), byte(p.Verdict.Reason))
	dst = binary.AppendUvarint(dst, uint64(p.Verdict.Flags))
	return binary.AppendUvarint(dst, uint64(p.Conversion))
}

// DecodePostback reads a record written by AppendPostback. The result shares
// nothing with record.
func DecodePostback(record []byte) (p Postback, err error) {
	r := reader{rest: record}
	r.version()
	copy(p.Request[:], r.bytes(len(p.Request)))
	p.At = Millis(r.uint())
	p.Addr = r.addr()
	bits := r.byte()
	p.HTTPS = bits&bitHTTPS != 0
	p.Method = string(r.text())
	p.Target = string(r.text())
	p.UserAgent = string(r.text())
	p.Account = AccountID(r.uint())
	p.Campaign = CampaignID(r.uint())
	p.Key = KeyID(r.uint())
	if bits&bitGenuine != 0 {
		copy(p.Click[:], r.bytes(len(p.Click)))
		p.Origin = r.origin()
	}
	p.Goal = GoalID(r.uint())
	p.Lead = string(r.text())
	if bits&bitValue != 0 {
		p.Value = ValueOf(Money(r.uint()))
	}
	p.Price = Money(r.uint())
	p.Currency = string(r.text())
	p.Verdict.Outcome = r.outcome()
	p.Verdict.Reason = Reason(r.byte())
	p.Verdict.Flags = Flags(r.uint())
	p.Conversion = ConversionID(r.uint())
	return p, r.done("postback")
}

// AppendTally appends the record of t to dst.
func AppendTally(dst []byte, t *Tally) []byte {
	dst = append(dst, recordVersion)
	dst = binary.AppendUvarint(dst, uint64(t.At))
	dst = appendAddr(dst, t.Addr)
	dst = binary.AppendUvarint(dst, uint64(t.Account))
	dst = append(dst, byte(t.Outcome), byte(t.Reason))
	return binary.AppendUvarint(dst, t.Count)
}

// DecodeTally reads a record written by AppendTally.
func DecodeTally(record []byte) (t Tally, err error) {
	r := reader{rest: record}
	r.version()
	t.At = Millis(r.uint())
	t.Addr = r.addr()
	t.Account = AccountID(r.uint())
	t.Outcome = r.outcome()
	t.Reason = Reason(r.byte())
	t.Count = r.uint()
	return t, r.done("tally")
}

func bit(set bool, b byte) byte {
	if set {
		return b
	}
	return 0
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

func appendAddr(dst []byte, addr netip.Addr) []byte {
	switch addr = addr.Unmap(); {
	case addr.Is4():
		a := addr.As4()
		return append(append(dst, 4), a[:]...)
	case addr.Is6():
		a := addr.As16()
		return append(append(dst, 16), a[:]...)
	}
	return append(dst, 0)
}

// reader takes a record apart. After the first fault it returns zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.rest = err, nil
	}
}

func (r *reader) version() {
	if v := r.byte(); v > recordVersion {
		r.fail(fmt.Errorf("record version %d: %w", v, ErrNewer))
	} else if v == 0 {
		r.fail(fmt.Errorf("record version 0: %w", ErrDamaged))
	}
}

// bytes returns the next n bytes, or nil.
func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.fail(fmt.Errorf("record ends early: %w", ErrDamaged))
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail(fmt.Errorf("number in record: %w", ErrDamaged))
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() []byte {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.fail(fmt.Errorf("text in record: %w", ErrDamaged))
		return nil
	}
	return r.bytes(int(n))
}

func (r *reader) origin() Origin {
	var packed [OriginLen]byte
	copy(packed[:], r.bytes(OriginLen))
	return UnpackOrigin(packed)
}

func (r *reader) addr() netip.Addr {
	n := int(r.byte())
	addr, ok := netip.AddrFromSlice(r.bytes(n))
	if !ok && n > 0 {
		r.fail(fmt.Errorf("address in record: %w", ErrDamaged))
	}
	return addr
}

func (r *reader) outcome() Outcome {
	o := Outcome(r.byte())
	if o > Refused {
		r.fail(fmt.Errorf("outcome in record: %w", ErrDamaged))
		return 0
	}
	return o
}

func (r *reader) done(what string) error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes left over: %w", len(r.rest), ErrDamaged)
	}
	if r.err != nil {
		return fmt.Errorf("couldn't read %s record: %w", what, r.err)
	}
	return nil
}
