package catalog

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"homing"
	"homing/internal/engine/ledger"
)

// NewAccount is what an account begins with. Zero fields get their defaults.
type NewAccount struct {
	Ref       string
	Name      string
	MultiLead bool
	PriceMin  homing.Value
	PriceMax  homing.Value
	Currency  string
	Demo      bool
}

// CreateAccount makes an account with its first key. The key's text is told
// here and by RevealKey only.
func (c *Catalog) CreateAccount(ctx context.Context, by string, n NewAccount) (homing.Account, homing.Key, homing.Secret, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Account{}, homing.Key{}, "", err
	}
	defer c.changing.Unlock()
	account := c.newAccount(n)
	if err := checkAccount(account); err != nil {
		return homing.Account{}, homing.Key{}, "", err
	}
	secret := homing.NewSecret()
	key := c.newKey(account, "first key", secret)
	err := c.change(ctx, by, ledger.PutAccount{Account: account}, ledger.PutKey{Key: key, Owner: account})
	if err != nil {
		return homing.Account{}, homing.Key{}, "", fmt.Errorf("couldn't create the account: %w", err)
	}
	return *account, *key, secret, nil
}

func (c *Catalog) newAccount(n NewAccount) *homing.Account {
	a := &homing.Account{
		PublicID: homing.RandomText(12), Ref: n.Ref, Name: strings.TrimSpace(n.Name), MultiLead: n.MultiLead,
		PriceMin: homing.DefaultPriceMin, PriceMax: homing.DefaultPriceMax,
		Currency: cmp.Or(c.View().Installation.Currency, homing.DefaultCurrency), Created: c.now(), Demo: n.Demo,
	}
	if n.PriceMin.Given {
		a.PriceMin = n.PriceMin.Money
	}
	if n.PriceMax.Given {
		a.PriceMax = n.PriceMax.Money
	}
	if n.Currency != "" {
		a.Currency = strings.ToUpper(n.Currency)
	}
	return a
}

// UpdateAccount changes an account as edit says.
func (c *Catalog) UpdateAccount(ctx context.Context, by string, id homing.AccountID, edit func(*homing.Account)) (homing.Account, error) {
	if err := c.begin(ctx); err != nil {
		return homing.Account{}, err
	}
	defer c.changing.Unlock()
	present, err := c.liveAccount(id)
	if err != nil {
		return homing.Account{}, err
	}
	changed := *present
	edit(&changed)
	changed.ID, changed.PublicID, changed.Created, changed.Erased = present.ID, present.PublicID, present.Created, false
	changed.Demo = present.Demo // or real amounts could be taken out of totals
	if reflect.DeepEqual(changed, *present) {
		return changed, nil
	}
	if err := checkAccount(&changed); err != nil {
		return homing.Account{}, err
	}
	if err := c.checkCurrency(ctx, present, &changed); err != nil {
		return homing.Account{}, err
	}
	if err := c.change(ctx, by, ledger.PutAccount{Account: &changed}); err != nil {
		return homing.Account{}, fmt.Errorf("couldn't change account %s: %w", id, err)
	}
	return changed, nil
}

// EraseAccount forgets an account, see ledger.EraseAccount. It cannot be undone.
// Of an account that is erased it finishes what a crash, or a backup that was made
// meanwhile, has left of that.
func (c *Catalog) EraseAccount(ctx context.Context, by string, id homing.AccountID) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.changing.Unlock()
	if c.View().Account(id) == nil {
		return fmt.Errorf("account %s: %w", id, homing.ErrNotFound)
	}
	if err := c.change(ctx, by, ledger.EraseAccount{Account: id, Lead: c.keyring().HashLead}); err != nil {
		return fmt.Errorf("couldn't erase account %s: %w", id, err)
	}
	c.erased(ledger.Erasure{At: c.now(), Account: id})
	return nil
}

// EraseClick forgets what is kept of a click's conversions, see
// ledger.EraseClick. It cannot be undone; doing it again changes nothing.
func (c *Catalog) EraseClick(ctx context.Context, by string, click homing.Origin) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	defer c.changing.Unlock()
	if err := c.change(ctx, by, ledger.EraseClick{Click: click, Lead: c.keyring().HashLead}); err != nil {
		return fmt.Errorf("couldn't erase the click: %w", err)
	}
	c.erased(ledger.Erasure{At: c.now(), Click: click})
	return nil
}

func (c *Catalog) liveAccount(id homing.AccountID) (*homing.Account, error) {
	account := c.View().Account(id)
	if account == nil || account.Erased {
		return nil, fmt.Errorf("account %s: %w", id, homing.ErrNotFound)
	}
	return account, nil
}

// checkCurrency refuses another currency for an account that has conversions:
// their amounts are numbers without a currency of their own, and would become
// amounts of the new one. A postback that is being judged just now is not seen.
func (c *Catalog) checkCurrency(ctx context.Context, present, changed *homing.Account) error {
	if c.books == nil || present.Currency == changed.Currency {
		return nil
	}
	for _, err := range c.books.Conversions(ctx, ledger.ConversionQuery{Account: present.ID, Limit: 1}) {
		if err != nil {
			return fmt.Errorf("couldn't look for conversions of account %s: %w", present.ID, err)
		}
		return fmt.Errorf("%w: currency: account %s has conversions in %s, whose amounts would be taken for %s; make another account for the new currency",
			homing.ErrConflict, present.ID, present.Currency, changed.Currency)
	}
	return nil
}

// checkAccount says what is wrong with an account, naming the field.
func checkAccount(a *homing.Account) error {
	if err := checkName("name", a.Name); err != nil {
		return err
	}
	if err := checkRef(a.Ref); err != nil {
		return err
	}
	switch {
	case a.PriceMin < 0:
		return wrong("price_min", "price-min "+a.PriceMin.String(), "it may not be negative")
	case a.PriceMin > a.PriceMax:
		return wrong("price_min", "price range", "price-min %s is above price-max %s", a.PriceMin, a.PriceMax)
	case !isCurrency(a.Currency):
		return wrong("currency", fmt.Sprintf("currency %q", a.Currency), "write the three letters of ISO 4217, such as USD")
	}
	if err := checkSenders(a.Senders); err != nil {
		return err
	}
	return checkNotices(&a.Notices)
}

func isCurrency(text string) bool {
	return len(text) == 3 && !strings.ContainsFunc(text, func(r rune) bool { return r < 'A' || r > 'Z' })
}

func checkName(field, name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return wrong(field, field, "it is empty")
	case len(name) > 200:
		return wrong(field, field, "it has %d bytes, 200 are allowed", len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return wrong(field, field, "it contains control characters or is not UTF-8")
	}
	return nil
}

func checkRef(ref string) error {
	if ref == "" {
		return nil
	}
	return checkName("ref", ref)
}

// NewCampaign is what a campaign begins with. Zero fields get their defaults.
type NewCampaign struct {
	Account      homing.AccountID
	Ref          string
	Name         string
	URL          string
	Window       time.Duration
	DefaultValue homing.Value
	Hold         bool
	Goals        []homing.Goal
}
