package panel

import "homing/internal/desk/panel/page"

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /campaigns":                    {"/campaigns?account=" + w.account.ID.String(), nil, moved, missing, ok, ok, ok},
			"GET /campaigns/new":                {"/campaigns/new", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /campaigns/new":               {"/campaigns/new", nil, moved, forbidden, forbidden, forbidden, unfit},
			"GET /campaigns/{campaign}":         {page.CampaignPath(w.campaign.ID), nil, moved, missing, ok, ok, ok},
			"POST /campaigns/{campaign}":        {page.CampaignPath(w.campaign.ID), nil, moved, forbidden, forbidden, forbidden, unfit},
			"POST /campaigns/{campaign}/status": {page.CampaignPath(w.campaign.ID) + "/status", nil, moved, forbidden, forbidden, forbidden, unfit},
		}
	})
}
