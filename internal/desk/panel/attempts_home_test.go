package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /": {"/", nil, moved, moved, moved, moved, moved},
		}
	})
}
