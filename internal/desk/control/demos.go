package control

import (
	"homing"
	"homing/internal/engine/warehouse"
)

// demos are the accounts that are made up, as far as a list leaves them out: all
// but those that it names, by number or by a campaign of theirs, and none if it
// asks for them. Their records stay in the stores after they were removed, and
// stay out of lists.
type demos map[homing.AccountID]bool

func (d desk) demosBeside(q *query, account homing.AccountID, campaign homing.CampaignID) demos {
	if q.values.Get("demo") != "" {
		return nil
	}
	view, list := d.Catalog.View(), demos{}
	for _, a := range view.Accounts {
		if a.Demo && a.ID != account {
			list[a.ID] = true
		}
	}
	if c := view.Campaign(campaign); c != nil {
		delete(list, c.Account)
	}
	return list
}

// leaveOut narrows a list of the warehouse.
func (l demos) leaveOut(list *warehouse.List) {
	if len(l) == 0 {
		return
	}
	c := warehouse.Condition{Dimension: warehouse.Account, Op: warehouse.NotIn}
	for id := range l {
		c.Keys = append(c.Keys, warehouse.Key{Number: int64(id)})
	}
	list.Where = append(list.Where, c)
}
