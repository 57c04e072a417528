package report

import (
	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
)

// names finds what things are called, inside a scope: things of other accounts
// have no name.
type names struct {
	view  *catalog.View
	scope Scope
	// only is the campaign or account that all rows belong to, as far as the
	// question tells; 0 = not known.
	campaign homing.CampaignID
	account  homing.AccountID
}

func newNames(view *catalog.View, scope Scope, where []Condition) names {
	n := names{view: view, scope: scope, account: scope.Account}
	for _, c := range where {
		if c.Op != warehouse.In || len(c.Keys) != 1 {
			continue
		}
		switch c.Dimension {
		case warehouse.Campaign:
			n.campaign = homing.CampaignID(c.Keys[0].Number)
		case warehouse.Account:
			if n.account == 0 {
				n.account = homing.AccountID(c.Keys[0].Number)
			}
		}
	}
	return n
}

func (n *names) sees(account homing.AccountID) bool {
	return n.scope.Account == 0 || n.scope.Account == account
}

// accountOf finds an account; nil if there is none in scope.
func (n *names) accountOf(id homing.AccountID) *homing.Account {
	if a := n.view.Account(id); a != nil && n.sees(id) {
		return a
	}
	return nil
}

// campaignOf finds a campaign; nil if there is none in scope.
func (n *names) campaignOf(id homing.CampaignID) *catalog.Campaign {
	if c := n.view.Campaign(id); c != nil && n.sees(c.Account) {
		return c
	}
	return nil
}

func (n *names) ofAccount(id homing.AccountID) string {
	if a := n.accountOf(id); a != nil {
		return a.Name
	}
	return ""
}

func (n *names) ofCampaign(id homing.CampaignID) string {
	if c := n.campaignOf(id); c != nil {
		return c.Name
	}
	return ""
}

// ofGoal is the name of a goal: its campaign's word for it. Where the campaign
// is not known, the word that all campaigns in question share.
func (n *names) ofGoal(id homing.GoalID, campaign homing.CampaignID, account homing.AccountID) string {
	if id == 0 {
		return ""
	}
	if campaign == 0 {
		campaign = n.campaign
	}
	if account == 0 {
		account = n.account
	}
	name := ""
	for _, c := range n.view.Campaigns {
		if campaign != 0 && c.ID != campaign || account != 0 && c.Account != account || !n.sees(c.Account) {
			continue
		}
		for _, g := range c.Goals {
			if g.ID != id || g.Name == name {
				continue
			}
			if name != "" {
				return ""
			}
			name = g.Name
		}
	}
	return name
}

// missing tells in words which things a question asks for that are not there.
// What is outside of the scope is not there.
func (n *names) missing(where []Condition) (notes []string) {
	for _, c := range where {
		for _, k := range c.Keys {
			switch {
			case k.Number == 0:
			case c.Dimension == warehouse.Account && n.accountOf(homing.AccountID(k.Number)) == nil,
				c.Dimension == warehouse.Campaign && n.campaignOf(homing.CampaignID(k.Number)) == nil:
				notes = append(notes, "There is no "+c.Dimension.String()+" "+numberCell(k.Number).Text+".")
			}
		}
	}
	return notes
}
