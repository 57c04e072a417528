package simulate

import (
	"context"
	"fmt"
	"net/url"

	"homing"
	"homing/internal/desk/control"
)

// cast is who takes part: accounts and campaigns of the simulation's own, which
// are named so and are left behind, for click ids outlive every run.
type cast struct {
	advertisers []*advertiser
	offers      []*offer
}

// advertiser is an account, seen from its own server.
type advertiser struct {
	id        homing.AccountID
	publicID  string
	key       homing.Secret
	multiLead bool
}

// offer is a campaign, as visitors and its advertiser know it.
type offer struct {
	number int // in cast.offers
	id     homing.CampaignID
	owner  *advertiser
	path   string // of its click URL
	before string // of its destination, up to the click id
	value  homing.Value
	hold   bool
	goals  []homing.GoalID
}

// currency is the one of the simulation's advertisers, whatever the installation
// gives new ones.
const currency = "USD"

// unknownGoal is a goal that no campaign of the simulation defines.
const unknownGoal = 77

// assemble makes accounts and campaigns. The last account may not send multiple
// leads; campaigns take turns at being plain, having goals and a default value,
// and holding conversions for the operator.
func assemble(ctx context.Context, s Server, run string, accounts, campaigns int) (*cast, error) {
	all := &cast{}
	for i := range accounts {
		name, multi := fmt.Sprintf("simulation %s, advertiser %d", run, i+1), i < accounts-1 || accounts == 1
		made, err := s.CreateAccount(ctx, control.AccountEdit{Name: &name, MultiLead: &multi, Currency: new(currency)})
		if err != nil {
			return nil, fmt.Errorf("couldn't create an account: %w", err)
		}
		a := &advertiser{id: made.ID, publicID: made.PublicID, key: homing.Secret(made.Key), multiLead: multi}
		all.advertisers = append(all.advertisers, a)
		for j := range campaigns {
			o, err := a.open(ctx, s, fmt.Sprintf("%s, campaign %d", name, j+1), len(all.offers), j)
			if err != nil {
				return nil, fmt.Errorf("couldn't create a campaign: %w", err)
			}
			all.offers = append(all.offers, o)
		}
	}
	return all, nil
}

func (a *advertiser) open(ctx context.Context, s Server, name string, number, kind int) (*offer, error) {
	o := &offer{number: number, owner: a, before: fmt.Sprintf("https://shop.example/offer-%d?click=", number)}
	template := o.before + "{click_id}&s={sub1}&site={site_id}"
	edit := control.CampaignEdit{Account: a.id, Name: &name, URL: &template}
	switch kind % 3 {
	case 1:
		o.value = homing.ValueOf(3 * homing.Unit / 2)
		o.goals = []homing.GoalID{1, 2}
		edit.DefaultValue = &o.value
		edit.Goals = []homing.Goal{{ID: 1, Name: "lead"}, {ID: 2, Name: "sale"}}
	case 2:
		o.hold = true
		edit.Hold = &o.hold
	}
	made, err := s.CreateCampaign(ctx, edit)
	if err != nil {
		return nil, err
	}
	// What is shown may be the public URL; the server is asked directly.
	u, err := url.Parse(made.ClickURL)
	if err != nil || u.Path == "" {
		return nil, fmt.Errorf("the click URL %q has no path", made.ClickURL)
	}
	o.id, o.path = made.ID, u.EscapedPath()
	return o, nil
}
