package panel

import "homing/internal/desk/panel/page"

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		account := page.AdvertiserPath(w.account.ID)
		made, err := w.Trials.Begin(w.Context(), w.Catalog.View().Campaign(w.campaign.ID), nil)
		w.Must(err)
		test := account + "/test/" + made.Click.ID.String()
		return map[string]attempt{
			"GET /advertisers/{account}/test":                {account + "/test", nil, moved, missing, ok, ok, ok},
			"POST /advertisers/{account}/test":               {account + "/test", []string{"campaign", "77"}, moved, missing, forbidden, unfit, unfit},
			"GET /advertisers/{account}/test/{trial}":        {test, nil, moved, missing, ok, ok, ok},
			"GET /advertisers/{account}/test/{trial}/events": {test + "/events?once", nil, moved, missing, ok, ok, ok},
			"GET /advertisers/{account}/console":             {account + "/console", nil, moved, missing, ok, ok, ok},
			"POST /advertisers/{account}/console":            {account + "/console", []string{"call", "good morning"}, moved, missing, unfit, unfit, unfit},
		}
	})
}
