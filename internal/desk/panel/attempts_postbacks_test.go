package panel

import "net/http"

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		list, call := "?account="+w.account.ID.String(), "/postbacks/"+w.request.String()
		return map[string]attempt{
			"GET /postbacks": {"/postbacks" + list, nil, moved, missing, ok, ok, ok},
			// A stream that is granted does not end; this one is refused when all that is
			// asked here was asked. See package postbacks for what it sends to whom.
			"GET /postbacks/live":               {"/postbacks/live" + list + "&outcome=nonsense", nil, moved, missing, unfit, unfit, unfit},
			"GET /postbacks/export":             {"/postbacks/export" + list, nil, moved, missing, ok, ok, ok},
			"GET /postbacks/{postback}":         {call, nil, moved, missing, ok, ok, ok},
			"GET /postbacks/{postback}/replay":  {call + "/replay", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /postbacks/{postback}/replay": {call + "/replay", []string{"why", "nothing"}, moved, forbidden, forbidden, forbidden, http.StatusConflict},
		}
	})
}
