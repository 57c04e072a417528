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
			"POST /advertisers/{account}/view":   {page.AdvertiserPath(w.account.ID) + "/view", nil, moved, forbidden, forbidden, forbidden, moved},
			"GET /advertisers/{account}/erase":   {page.AdvertiserPath(w.account.ID) + "/erase", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /advertisers/{account}/erase":  {page.AdvertiserPath(w.account.ID) + "/erase", []string{"name", "Mine", "password", "wrong"}, moved, forbidden, forbidden, forbidden, forbidden},
			"POST /viewing/stop":                 {"/viewing/stop", nil, moved, moved, moved, moved, moved},
		}
	})
}
