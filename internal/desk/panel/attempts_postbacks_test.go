package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /postbacks":            {"/postbacks?account=" + w.account.ID.String(), nil, moved, missing, ok, ok, ok},
			"GET /postbacks/{postback}": {"/postbacks/" + w.request.String(), nil, moved, missing, ok, ok, ok},
		}
	})
}
