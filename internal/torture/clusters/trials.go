package clusters

// Trial is a deliberate mistake of package mistake, and the faults one of which must
// find it.
type Trial struct {
	Mistake string
	Faults  []string
	// Rounds is after how many at most.
	Rounds int
}

// Trials are run by make torture-cluster MISTAKES=1.
var Trials = []Trial{
	{"answer before the far commit", []string{"primary killed", "standby killed"}, 6},
	{"shared mark before rows", []string{"edge killed", "all nodes killed", "replica killed"}, 15},
	{"rows without a key", []string{"edge killed", "all nodes killed", "replica killed"}, 15},
	{"settings not kept", []string{"ledger away"}, 2},
}
