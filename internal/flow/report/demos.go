package report

import (
	"slices"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/catalog"
)

// Demo accounts are made up. So a question that is not about one, by its scope
// or by naming it or a campaign of it, does not hear of any: no total of real
// accounts has made-up amounts in it. That holds for those that were taken away,
// too, of which clicks and conversions are still counted.

// leftOut tells whether the account is a demo that the question does not name.
func leftOut(view *catalog.View, scope Scope, where []Condition, a *homing.Account) bool {
	return a.Demo && scope.Account == 0 && !slices.ContainsFunc(where, func(c Condition) bool {
		return c.Op == warehouse.In && slices.ContainsFunc(c.Keys, func(k warehouse.Key) bool {
			switch c.Dimension {
			case warehouse.Account:
				return k.Number == int64(a.ID)
			case warehouse.Campaign:
				campaign := view.Campaign(homing.CampaignID(k.Number))
				return campaign != nil && campaign.Account == a.ID
			}
			return false
		})
	})
}

// withoutDemos is the condition that leaves out the demos that the question does
// not name; none if there are none.
func withoutDemos(view *catalog.View, scope Scope, where []Condition) []warehouse.Condition {
	var keys []warehouse.Key
	for _, a := range view.Accounts {
		if leftOut(view, scope, where, a) {
			keys = append(keys, warehouse.Key{Number: int64(a.ID)})
		}
	}
	if keys == nil {
		return nil
	}
	return []warehouse.Condition{{Dimension: warehouse.Account, Op: warehouse.NotIn, Keys: keys}}
}

// demoNotes tells that a demo is left out, where something of it could have been
// in the answer.
func demoNotes(view *catalog.View, scope Scope, where []Condition) []string {
	for _, a := range view.Accounts {
		if !a.Erased && leftOut(view, scope, where, a) && covers(view, where, a.ID) {
			return []string{"The demo advertiser, number " + a.ID.String() + ", is left out of these figures. Ask for it alone to see it."}
		}
	}
	return nil
}
