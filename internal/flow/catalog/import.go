package catalog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"homing"
	"homing/internal/engine/ledger"
)

// ImportResult counts what an import did.
type ImportResult struct {
	Accounts  ImportCount `json:"accounts"`
	Campaigns ImportCount `json:"campaigns"`
	KeysAdded int         `json:"keys_added"`
	// Made lists the campaigns of the file with the click URL's slug, in its
	// order.
	Made []homing.Campaign `json:"-"`
}

// ImportCount counts things of one sort.
type ImportCount struct {
	Created   int `json:"created"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// Import reads accounts with their present keys, and campaigns, one JSON object
// a line, and carries all of it out in one step. If any line is wrong nothing
// is changed and the error names every wrong line. Repeating an import changes
// nothing.
func (c *Catalog) Import(ctx context.Context, by string, lines io.Reader) (ImportResult, error) {
	if err := c.begin(ctx); err != nil {
		return ImportResult{}, err
	}
	defer c.changing.Unlock()
	in := newImporter(c)
	if err := in.read(ctx, lines); err != nil {
		return ImportResult{}, fmt.Errorf("couldn't read the import: %w", err)
	}
	if err := in.error(); err != nil {
		return ImportResult{}, err
	}
	if err := c.change(ctx, by, in.edits...); err != nil {
		return ImportResult{}, fmt.Errorf("couldn't import: %w", err)
	}
	for _, campaign := range in.campaigns {
		in.result.Made = append(in.result.Made, *campaign)
	}
	return in.result, nil
}

// importer gathers the edits of one import.
type importer struct {
	catalog   *Catalog
	view      *View
	accounts  map[string]*homing.Account // by ref, as they will be
	present   map[string]*Campaign       // by account ref + ref
	seen      map[string]bool
	keys      map[homing.KeyHash]string // keys of this file, and whose they are
	edits     []ledger.Edit
	campaigns []*homing.Campaign
	result    ImportResult
	wrong     []error
}

func newImporter(c *Catalog) *importer {
	in := &importer{
		catalog: c, view: c.View(), accounts: map[string]*homing.Account{}, present: map[string]*Campaign{},
		seen: map[string]bool{}, keys: map[homing.KeyHash]string{},
	}
	for _, a := range in.view.Accounts {
		if a.Ref != "" && !a.Erased {
			in.accounts[a.Ref] = a
		}
	}
	for _, campaign := range in.view.CampaignsOf(0) {
		if campaign.Ref != "" {
			in.present[campaign.Owner.Ref+"\x00"+campaign.Ref] = campaign
		}
	}
	return in
}

// maxWrong is how many wrong lines an error names.
const maxWrong = 20

func (in *importer) error() error {
	if len(in.wrong) == 0 {
		return nil
	}
	named := in.wrong
	if len(named) > maxWrong {
		named = append(named[:maxWrong:maxWrong], fmt.Errorf("and %d more", len(in.wrong)-maxWrong))
	}
	return fmt.Errorf("%w import, nothing was changed:\n%w", homing.ErrInvalid, errors.Join(named...))
}

// read takes every line. What is wrong with one is noted, and is no error.
func (in *importer) read(ctx context.Context, lines io.Reader) error {
	scan := bufio.NewScanner(lines)
	scan.Buffer(nil, maxLine)
	n := 0
	for scan.Scan() {
		n++
		text := scan.Bytes()
		if n == 1 {
			text = bytes.TrimPrefix(text, byteOrderMark)
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if err := in.line(ctx, text); err != nil {
			if isOurs(err) {
				return err
			}
			in.wrong = append(in.wrong, fmt.Errorf("line %d: %w", n, err))
		}
	}
	if err := scan.Err(); !errors.Is(err, bufio.ErrTooLong) {
		return err
	}
	in.wrong = append(in.wrong, fmt.Errorf("line %d: it is longer than %d MiB, and the file was not read further: want one JSON object a line", n+1, maxLine>>20))
	return nil
}

// maxLine bounds a line, in bytes.
const maxLine = 1 << 20

// byteOrderMark is what Windows' programs begin a file of UTF-8 with.
var byteOrderMark = []byte("\xef\xbb\xbf")

func (in *importer) line(ctx context.Context, text []byte) error {
	var l ImportLine
	if err := l.parse(text); err != nil {
		return err
	}
	if l.Ref == "" {
		return errors.New("there is no ref: give your own reference, by which the line is known when it is repeated")
	}
	switch l.kind() {
	case "account":
		if field := l.campaignField(); field != "" {
			return fmt.Errorf("field %s: it is of campaigns, this line is an account's", field)
		}
		return in.account(ctx, &l)
	case "campaign":
		if field := l.accountField(); field != "" {
			return fmt.Errorf("field %s: it is of accounts, this line is a campaign's", field)
		}
		return in.campaign(&l)
	}
	return fmt.Errorf("type %q: want account or campaign", l.Type)
}

func (in *importer) once(what, ref string) error {
	if in.seen[what+ref] {
		return fmt.Errorf("%s %q stands in the file twice", what, ref)
	}
	in.seen[what+ref] = true
	return nil
}

func (in *importer) account(ctx context.Context, l *ImportLine) error {
	if err := in.once("account", l.Ref); err != nil {
		return err
	}
	present := in.accounts[l.Ref]
	account := in.catalog.newAccount(NewAccount{Ref: l.Ref})
	if present != nil {
		copied := *present
		account = &copied
	}
	if err := l.fillAccount(account); err != nil {
		return err
	}
	if err := checkAccount(account); err != nil {
		return err
	}
	if present != nil {
		if err := in.catalog.checkCurrency(ctx, present, account); err != nil {
			return err
		}
	}
	if !in.count(&in.result.Accounts, present != nil, present != nil && reflect.DeepEqual(*account, *present)) {
		in.edits = append(in.edits, ledger.PutAccount{Account: account})
	}
	in.accounts[l.Ref] = account
	keys := l.Keys
	if l.Key != nil {
		keys = append(keys, *l.Key)
	}
	for i, text := range keys {
		if err := in.key(account, text); err != nil {
			return fmt.Errorf("key %d: %w", i+1, err)
		}
	}
	return nil
}

// count notes what became of a line and tells whether it changes nothing.
func (in *importer) count(n *ImportCount, existed, same bool) bool {
	switch {
	case same:
		n.Unchanged++
	case existed:
		n.Changed++
	default:
		n.Created++
	}
	return same
}

func (l *ImportLine) fillAccount(a *homing.Account) (err error) {
	set(&a.Name, l.Name)
	set(&a.Currency, l.Currency)
	set(&a.MultiLead, l.MultiLead)
	set(&a.PriceMin, l.PriceMin)
	set(&a.PriceMax, l.PriceMax)
	if l.Senders != nil {
		a.Senders, err = ParseSenders(*l.Senders)
	}
	return err
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (in *importer) key(owner *homing.Account, text string) error {
	secret, err := homing.ParseSecret(text)
	if err != nil {
		return err
	}
	hash := secret.Hash()
	if whose, ok := in.keys[hash]; ok && whose != owner.Ref {
		return fmt.Errorf("it is also a key of account %q in this file", whose)
	}
	if present := in.view.KeyByHash(hash); present != nil {
		if present.Account != owner.ID {
			return fmt.Errorf("it is a key of account %s already", present.Account)
		}
		return nil
	}
	if _, ok := in.keys[hash]; ok {
		return nil
	}
	in.keys[hash] = owner.Ref
	in.edits = append(in.edits, ledger.PutKey{Key: in.catalog.newKey(owner, "imported", secret), Owner: owner})
	in.result.KeysAdded++
	return nil
}

func (in *importer) campaign(l *ImportLine) error {
	if l.Account == "" {
		return errors.New("there is no account: give the ref of the account it belongs to")
	}
	if err := in.once("campaign", l.Account+"\x00"+l.Ref); err != nil {
		return err
	}
	owner := in.accounts[l.Account]
	if owner == nil {
		return fmt.Errorf("account %q: there is none of that ref, here or above in the file", l.Account)
	}
	present := in.present[l.Account+"\x00"+l.Ref]
	campaign := in.catalog.newCampaign(NewCampaign{Account: owner.ID, Ref: l.Ref})
	if present != nil {
		copied := present.Campaign
		campaign = &copied
	}
	if err := l.fillCampaign(campaign); err != nil {
		return err
	}
	if err := checkCampaign(campaign, owner); err != nil {
		return err
	}
	if !in.count(&in.result.Campaigns, present != nil, present != nil && reflect.DeepEqual(*campaign, present.Campaign)) {
		in.edits = append(in.edits, ledger.PutCampaign{Campaign: campaign, Owner: owner})
	}
	in.campaigns = append(in.campaigns, campaign)
	return nil
}

func (l *ImportLine) fillCampaign(c *homing.Campaign) (err error) {
	set(&c.Name, l.Name)
	set(&c.URL, l.URL)
	if l.Window != nil {
		if c.Window, err = homing.ParseWindow(*l.Window); err != nil {
			return wrongBecause("window", err)
		}
	}
	if l.Goals != nil {
		c.Goals = l.Goals
	}
	set(&c.DefaultValue, l.DefaultValue)
	set(&c.Hold, l.Hold)
	set(&c.Status, l.Status)
	return nil
}
