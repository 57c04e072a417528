package control

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"

	"homing"
	"homing/internal/flow/catalog"
	"homing/internal/rule/macro"
)

func (d desk) campaigns(r *http.Request) (any, error) {
	q := queryOf(r, "account")
	account := queryNumber[homing.AccountID](q, "account")
	if q.err != nil {
		return nil, q.err
	}
	list := []Campaign{}
	for _, c := range d.Catalog.View().CampaignsOf(account) {
		list = append(list, d.campaignOf(&c.Campaign))
	}
	return list, nil
}

func (d desk) campaignOf(c *homing.Campaign) Campaign {
	return Campaign{
		ID: c.ID, ClickURL: d.clickURL(c), Account: c.Account, Name: c.Name, Ref: c.Ref, URL: c.URL,
		Status: c.Status, Window: homing.FormatWindow(c.Window), DefaultValue: c.DefaultValue,
		Hold: c.Hold, Goals: c.Goals, Created: when(c.Created),
	}
}

func (d desk) clickURL(c *homing.Campaign) string {
	return d.Addresses().Click() + "/c/" + c.Slug
}

// linted is a campaign with what a person should look at in its URL.
func (d desk) linted(c *homing.Campaign) Campaign {
	shown := d.campaignOf(c)
	for _, f := range macro.Lint(c.URL) {
		shown.Warnings = append(shown.Warnings, fmt.Sprintf("%s: %s", f.Severity, f.Text))
	}
	return shown
}

func (d desk) createCampaign(r *http.Request) (any, error) {
	edit, err := read[CampaignEdit](r)
	if err != nil {
		return nil, err
	}
	if edit.Status != nil {
		return nil, fmt.Errorf("%w status: a new campaign is active; pause it with an update", homing.ErrInvalid)
	}
	n := catalog.NewCampaign{Account: edit.Account}
	if n.Window, err = edit.window(0); err != nil {
		return nil, err
	}
	set(&n.Name, edit.Name)
	set(&n.Ref, edit.Ref)
	set(&n.URL, edit.URL)
	set(&n.Hold, edit.Hold)
	set(&n.DefaultValue, edit.DefaultValue)
	n.Goals = edit.Goals
	campaign, err := d.Catalog.CreateCampaign(r.Context(), actor, n)
	if err != nil {
		return nil, err
	}
	return d.linted(&campaign), nil
}

func (d desk) updateCampaign(r *http.Request) (any, error) {
	id, err := number[homing.CampaignID](r, "campaign")
	if err != nil {
		return nil, err
	}
	edit, err := read[CampaignEdit](r)
	if err != nil {
		return nil, err
	}
	if err := edit.checkUpdate(); err != nil {
		return nil, err
	}
	campaign, err := d.Catalog.UpdateCampaign(r.Context(), actor, id, func(c *homing.Campaign) {
		edit.apply(c)
	})
	if err != nil {
		return nil, err
	}
	return d.linted(&campaign), nil
}

// What an update may empty.
const (
	clearDefaultValue = "default_value"
	clearGoals        = "goals"
)

func (e *CampaignEdit) checkUpdate() error {
	if e.Account != 0 {
		return fmt.Errorf("%w account: a campaign stays with its account", homing.ErrInvalid)
	}
	for _, name := range e.Clear {
		if name != clearDefaultValue && name != clearGoals {
			return fmt.Errorf("%w clear %q: want %s or %s", homing.ErrInvalid, name, clearDefaultValue, clearGoals)
		}
	}
	_, err := e.window(0)
	return err
}

// apply carries out an update that was checked.
func (e *CampaignEdit) apply(c *homing.Campaign) {
	c.Window, _ = e.window(c.Window)
	if slices.Contains(e.Clear, clearDefaultValue) {
		c.DefaultValue = homing.Value{}
	}
	if slices.Contains(e.Clear, clearGoals) {
		c.Goals = nil
	}
	set(&c.Name, e.Name)
	set(&c.Ref, e.Ref)
	set(&c.URL, e.URL)
	set(&c.Status, e.Status)
	set(&c.DefaultValue, e.DefaultValue)
	set(&c.Hold, e.Hold)
	if e.Goals != nil {
		c.Goals = e.Goals
	}
}

// window is the one that is asked for, else the present one.
func (e *CampaignEdit) window(present time.Duration) (time.Duration, error) {
	if e.Window == nil {
		return present, nil
	}
	d, err := homing.ParseWindow(*e.Window)
	if err != nil {
		return 0, fmt.Errorf("window: %w", err)
	}
	return d, nil
}

// maxImport bounds an import file: some 200,000 campaigns.
const maxImport = 256 << 20

// importLines takes the whole file in before the settings are locked for it, so
// that a slow sender holds up nobody.
func (d desk) importLines(r *http.Request) (any, error) {
	lines, err := readBody(r, maxImport)
	if err != nil {
		return nil, err
	}
	result, err := d.Catalog.Import(r.Context(), actor, bytes.NewReader(lines))
	if err != nil {
		return nil, err
	}
	done := Imported{
		Accounts: ImportCount(result.Accounts), Campaigns: ImportCount(result.Campaigns),
		KeysAdded: result.KeysAdded, ClickURLs: []ImportedCampaign{},
	}
	for i := range result.Made {
		c := &result.Made[i]
		done.ClickURLs = append(done.ClickURLs, ImportedCampaign{c.ID, c.Account, c.Ref, d.clickURL(c)})
	}
	return done, nil
}
