package signin

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/engine/ledger"
)

// person is the user of an address with a session of its own.
func (d *door) person(email string) *Person {
	d.t.Helper()
	u, err := d.ledger.UserByEmail(d.t.Context(), email)
	d.must(err)
	token, err := d.begin(d.t.Context(), u.ID, agent)
	d.must(err)
	session, err := d.ledger.SessionBy(d.t.Context(), token.hash())
	d.must(err)
	return &Person{User: u, Session: session}
}

// factor switches Ann's second factor on. It returns what her app knows, and the
// recovery codes.
func (d *door) factor() (secret []byte, codes []string) {
	d.t.Helper()
	p := d.person("ann@example.com")
	offer := d.OfferFactor(p, "homing")
	secret, err := base32Text.DecodeString(strings.ReplaceAll(offer.Key, "-", ""))
	d.must(err)
	codes, err = d.SetFactor(d.t.Context(), agent, p, offer.Sealed, codeAt(secret, stepOf(d.at)), password)
	d.must(err)
	d.at = d.at.Add(time.Minute) // the next code
	return secret, codes
}

// ticket is what the right password gives.
func (d *door) ticket() Ticket {
	d.t.Helper()
	session, ticket, err := d.SignIn.SignIn(d.t.Context(), agent, "ann@example.com", password)
	d.must(err)
	if session != "" || ticket == "" {
		d.t.Fatal("the password alone opens")
	}
	return ticket
}

func TestTheSecondFactorFromSetUpToRemoval(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	elsewhere := d.firstOperator()
	p := d.person("ann@example.com")
	offer := d.OfferFactor(p, "homing")
	secret, err := base32Text.DecodeString(strings.ReplaceAll(offer.Key, "-", ""))
	d.must(err)
	if len(secret) != 20 || !strings.Contains(offer.URI, strings.ReplaceAll(offer.Key, "-", "")) {
		t.Fatalf("offered a secret of %d bytes", len(secret))
	}
	now := codeAt(secret, stepOf(d.at))
	_, err = d.SetFactor(ctx, agent, p, offer.Sealed, "000000", password)
	d.want(err, ErrCode)
	_, err = d.SetFactor(ctx, agent, p, offer.Sealed, now, "wrong password")
	d.want(err, ErrWrongPassword)
	if u, _ := d.ledger.UserByID(ctx, p.ID); len(u.TOTP) > 0 {
		t.Fatal("the second factor is on before a code was right")
	}
	codes, err := d.SetFactor(ctx, agent, p, offer.Sealed, now[:3]+" "+now[3:], password)
	d.must(err)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	if person, _ := d.who(elsewhere); person != nil {
		t.Error("a session without the second factor goes on elsewhere")
	}
	u, err := d.ledger.UserByID(ctx, p.ID)
	d.must(err)
	if strings.Contains(string(u.TOTP), base32Text.EncodeToString(secret)) || len(u.Recovery) != 10 {
		t.Error("the secret is stored in the clear, or codes are missing")
	}
	_, err = d.SetFactor(ctx, agent, p, d.OfferFactor(p, "x").Sealed, now, password)
	d.want(err, homing.ErrConflict)

	// The code it was set up with is used.
	_, err = d.Finish(ctx, agent, d.ticket(), now)
	d.want(err, ErrSecondStep)
	d.at = d.at.Add(30 * time.Second)
	session, err := d.Finish(ctx, agent, d.ticket(), codeAt(secret, stepOf(d.at)))
	d.must(err)
	if person, _ := d.who(session); person == nil {
		t.Error("both steps right, and nobody is signed in")
	}
	d.want(d.RemoveFactor(ctx, agent, p, "wrong password"), ErrWrongPassword)
	d.must(d.RemoveFactor(ctx, agent, p, password))
	if token, ticket, err := d.SignIn.SignIn(ctx, agent, "ann@example.com", password); token == "" || ticket != "" || err != nil {
		t.Errorf("without a second factor: a ticket %t, %v", ticket != "", err)
	}
	// Used codes stay used if the same secret came back.
	u, err = d.ledger.UserByID(ctx, p.ID)
	d.must(err)
	if u.TOTPStep != stepOf(d.at) || len(u.Recovery) != 0 {
		t.Errorf("step %d, want %d; %d codes", u.TOTPStep, stepOf(d.at), len(u.Recovery))
	}
}

func TestAnOfferIsForItsUserAndForAWhile(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	link, _, err := d.Invite(ctx, "test", operator("bob@example.com"))
	d.must(err)
	_, err = d.Choose(ctx, agent, d.tokenOf(link), "", password)
	d.must(err)
	ann, bob := d.person("ann@example.com"), d.person("bob@example.com")
	offer := d.OfferFactor(ann, "homing")
	for _, c := range []struct {
		who    *Person
		sealed string
	}{{bob, offer.Sealed}, {ann, ""}, {ann, "x"}, {ann, offer.Sealed[:len(offer.Sealed)-2]}, {ann, d.SealCodes(ann, []string{"a"})}} {
		_, err := d.Offered(c.who, c.sealed, "homing")
		d.want(err, homing.ErrNotFound)
		_, err = d.SetFactor(ctx, agent, c.who, c.sealed, "123456", password)
		d.want(err, homing.ErrNotFound)
	}
	again, err := d.Offered(ann, offer.Sealed, "homing")
	d.must(err)
	if again != offer {
		t.Error("an offer comes back otherwise")
	}
	codes := d.SealCodes(ann, []string{"a", "b"})
	if got, err := d.SealedCodes(ann, codes); err != nil || len(got) != 2 {
		t.Errorf("codes come back as %v, %v", got, err)
	}
	_, err = d.SealedCodes(bob, codes)
	d.want(err, homing.ErrNotFound)
	d.at = d.at.Add(15 * time.Minute)
	_, err = d.Offered(ann, offer.Sealed, "homing")
	d.want(err, homing.ErrNotFound)
	_, err = d.SealedCodes(ann, codes)
	d.want(err, homing.ErrNotFound)
}

func TestARecoveryCodeOpensOnce(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	_, codes := d.factor()
	_, err := d.Finish(ctx, agent, d.ticket(), strings.ToUpper(codes[3]))
	d.must(err)
	_, err = d.Finish(ctx, agent, d.ticket(), codes[3])
	d.want(err, ErrSecondStep)
	u, err := d.ledger.UserByEmail(ctx, "ann@example.com")
	d.must(err)
	if len(u.Recovery) != 9 {
		t.Errorf("%d codes left", len(u.Recovery))
	}
	entries, err := d.ledger.Audit(ctx, ledger.AuditQuery{Limit: 1})
	d.must(err)
	if entries[0].Actor != "user 1" || !strings.Contains(entries[0].Detail, `recovery codes "10" → "9"`) || strings.Contains(entries[0].Detail, codes[3]) {
		t.Errorf("the audit log says %+v", entries[0])
	}
	p := d.person("ann@example.com")
	_, err = d.RenewRecovery(ctx, agent, p, "wrong password")
	d.want(err, ErrWrongPassword)
	fresh, err := d.RenewRecovery(ctx, agent, p, password)
	d.must(err)
	_, err = d.Finish(ctx, agent, d.ticket(), codes[0])
	d.want(err, ErrSecondStep)
	_, err = d.Finish(ctx, agent, d.ticket(), fresh[0])
	d.must(err)
	d.must(d.RemoveFactor(ctx, agent, p, password))
	_, err = d.RenewRecovery(ctx, agent, p, password)
	d.want(err, homing.ErrConflict)
}

// Two tabs, or a thief beside the owner, send the same code at once.
func TestOfManyWithTheSameCodeOneGetsIn(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	secret, codes := d.factor()
	for _, code := range []string{codeAt(secret, stepOf(d.at)), codes[0]} {
		var wait sync.WaitGroup
		var in atomic.Int32
		tickets := []Ticket{d.ticket(), d.ticket(), d.ticket(), d.ticket()}
		for _, ticket := range tickets {
			wait.Go(func() {
				switch _, err := d.Finish(ctx, agent, ticket, code); {
				case err == nil:
					in.Add(1)
				case !errors.Is(err, ErrSecondStep):
					t.Errorf("refused with %v", err)
				}
			})
		}
		wait.Wait()
		if in.Load() != 1 {
			t.Errorf("%d got in with %d digits", in.Load(), len(code))
		}
	}
}

// A change of the user that began before a code was used must not bring the
// code back.
func TestAnOldRequestDoesNotBringACodeBack(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	secret, codes := d.factor()
	old := d.person("ann@example.com")
	code := codeAt(secret, stepOf(d.at))
	_, err := d.Finish(ctx, agent, d.ticket(), code)
	d.must(err)
	_, err = d.Finish(ctx, agent, d.ticket(), codes[0])
	d.must(err)
	d.must(d.SetZone(ctx, old, "Europe/Berlin"))
	_, err = d.ChangePassword(ctx, agent, old, password, "another fine password")
	d.must(err)
	for _, used := range []string{code, codes[0]} {
		_, ticket, err := d.SignIn.SignIn(ctx, agent, "ann@example.com", "another fine password")
		d.must(err)
		_, err = d.Finish(ctx, agent, ticket, used)
		d.want(err, ErrSecondStep)
	}
}

// What a wrong password is answered with, and what comes after it, is what the
// right one is answered with, but for the door.
func TestNobodyLearnsThatThePasswordWasRight(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	secret, codes := d.factor()
	right := d.ticket()
	token, wrong, err := d.SignIn.SignIn(ctx, agent, "ann@example.com", "wrong password")
	d.must(err)
	if token != "" || len(wrong) != len(right) {
		t.Errorf("tickets of %d and %d bytes", len(wrong), len(right))
	}
	for _, code := range []string{"000000", "", "x", codes[0], codeAt(secret, stepOf(d.at))} {
		_, err := d.Finish(ctx, agent, wrong, code)
		d.want(err, ErrSecondStep)
	}
	_, err = d.Finish(ctx, agent, right, "000000")
	d.want(err, ErrSecondStep)
	_, err = d.Finish(ctx, agent, right, codeAt(secret, stepOf(d.at))) // the wrong password used nothing up
	d.must(err)
}

func TestSomeUnknownAddressesAreAskedForACode(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	asked := 0
	for i := range 200 {
		email := string(rune('a'+i%26)) + strings.Repeat("x", i) + "@example.com"
		from := Agent{Addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
		_, first, err := d.SignIn.SignIn(ctx, from, email, password)
		_, again, errAgain := d.SignIn.SignIn(ctx, from, email, password)
		if (first == "") != (again == "") || (first == "") != errors.Is(err, ErrMismatch) || errors.Is(err, ErrMismatch) != errors.Is(errAgain, ErrMismatch) {
			t.Fatalf("%s: %v, then %v", email, err, errAgain)
		}
		if first != "" {
			asked++
			_, err = d.Finish(ctx, from, first, "123456")
			d.want(err, ErrSecondStep)
		}
	}
	if asked < 25 || asked > 80 {
		t.Errorf("%d of 200 unknown addresses are asked for a code, want about 50", asked)
	}
}

func TestATicketEnds(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	secret, _ := d.factor()
	code := func() string { return codeAt(secret, stepOf(d.at)) }
	ticket := d.ticket()
	for _, bad := range []Ticket{"", "x", ticket[1:], Ticket(d.OfferFactor(d.person("ann@example.com"), "x").Sealed)} {
		_, err := d.Finish(ctx, agent, bad, code())
		d.want(err, ErrTicket)
	}
	d.at = d.at.Add(5 * time.Minute)
	_, err := d.Finish(ctx, agent, ticket, code())
	d.want(err, ErrTicket)

	ticket = d.ticket() // a new password voids it
	_, err = d.ChangePassword(ctx, agent, d.person("ann@example.com"), password, "another fine password")
	d.must(err)
	_, err = d.Finish(ctx, agent, ticket, code())
	d.want(err, ErrSecondStep)

	_, ticket, err = d.SignIn.SignIn(ctx, agent, "ann@example.com", "another fine password")
	d.must(err)
	u, err := d.ledger.UserByEmail(ctx, "ann@example.com")
	d.must(err)
	u.Disabled = true
	d.must(d.ledger.PutUser(ctx, ledger.Actor{Name: "test"}, &u))
	_, err = d.Finish(ctx, agent, ticket, code())
	d.want(err, ErrSecondStep)
}

func TestTriesOfCodesAreBounded(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	secret, _ := d.factor()
	ticket := d.ticket()
	var err error
	for tries := 0; tries < 12; tries++ {
		if _, err = d.Finish(ctx, agent, ticket, "000000"); errors.Is(err, homing.ErrOverloaded) {
			if tries > 10 {
				t.Errorf("%d codes could be tried", tries)
			}
			break
		}
		d.want(err, ErrSecondStep)
	}
	d.want(err, homing.ErrOverloaded)
	_, err = d.Finish(ctx, agent, ticket, codeAt(secret, stepOf(d.at)))
	d.want(err, homing.ErrOverloaded) // the right one, too
	d.at = d.at.Add(2 * time.Minute)
	_, err = d.Finish(ctx, agent, ticket, codeAt(secret, stepOf(d.at)))
	d.must(err)
}

// A one-time link stands in for the password, and for nothing else.
func TestALinkDoesNotGoRoundTheSecondFactor(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	d.factor()
	link, _, err := d.Reset(ctx, "test", "ann@example.com")
	d.must(err)
	session, err := d.Choose(ctx, agent, d.tokenOf(link), "", "another fine password")
	d.must(err)
	if session != "" {
		t.Error("a link begins a session without the second factor")
	}
	_, ticket, err := d.SignIn.SignIn(ctx, agent, "ann@example.com", "another fine password")
	d.must(err)
	if ticket == "" {
		t.Error("the second factor is gone")
	}
}

func TestTheSecondFactorOutlivesItsMasterKey(t *testing.T) {
	d, ctx := newDoor(t), t.Context()
	d.firstOperator()
	secret, codes := d.factor()
	older, newer := homing.MasterKey{ID: "0badcafe", Secret: [32]byte{1}}, homing.MasterKey{ID: "600dcafe", From: 1, Secret: [32]byte{2}}
	use := func(keys ...homing.MasterKey) {
		ring, err := homing.NewKeyring(keys...)
		d.must(err)
		d.keyring = func() *homing.Keyring { return ring }
	}
	use(older, newer)
	_, err := d.Finish(ctx, agent, d.ticket(), codeAt(secret, stepOf(d.at)))
	d.must(err)
	d.at = d.at.Add(time.Minute)
	use(newer)
	_, err = d.Finish(ctx, agent, d.ticket(), codeAt(secret, stepOf(d.at)))
	d.must(err)
	use(homing.MasterKey{ID: "bad0cafe", Secret: [32]byte{3}})
	_, err = d.Finish(ctx, agent, d.ticket(), codes[0])
	d.must(err)
}
