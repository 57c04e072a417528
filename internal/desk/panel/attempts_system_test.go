package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /system": {"/system", nil, moved, forbidden, forbidden, forbidden, ok},
		}
	})
}
