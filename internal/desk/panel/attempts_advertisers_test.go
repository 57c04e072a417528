package panel

import "homing/internal/desk/panel/page"

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /advertisers":                   {"/advertisers", nil, moved, forbidden, forbidden, forbidden, ok},
			"GET /advertisers/new":               {"/advertisers/new", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /advertisers/new":              {"/advertisers/new", nil, moved, forbidden, forbidden, forbidden, unfit},
			"GET /advertisers/{account}":         {page.AdvertiserPath(w.account.ID), nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /advertisers/{account}":        {page.AdvertiserPath(w.account.ID), nil, moved, forbidden, forbidden, forbidden, unfit},
			"POST /advertisers/{account}/people": {page.AdvertiserPath(w.account.ID) + "/people", nil, moved, forbidden, forbidden, forbidden, unfit},
		}
	})
}
