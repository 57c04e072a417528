package doctor

// ServerUnsafe is a setting by which the ledger's server may lose what was
// acknowledged; text says which, and what to do.
func ServerUnsafe(text string) Finding {
	return Finding{
		Kind: "ledger.server", Severity: Warning, Where: "the ledger's server", What: sentence(text),
		Means: "What homing acknowledges is as safe as this server is.",
		Do:    "Change it there; homing sees it within a minute.",
	}
}
