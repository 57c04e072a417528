package ledger

import "context"

// What a ledger on a server can be asked besides. Whoever wants to know asks a
// Ledger whether it is one, too; an embedded ledger is neither.

// Warner tells what the server that holds the ledger is not safe against.
type Warner interface {
	// Warnings tells, in words, by which of its settings the server may lose what
	// was acknowledged, and what to do about it. That it cannot be asked is a
	// warning, too. It is empty if all is well.
	Warnings(ctx context.Context) []string
}

// Watcher tells of changed settings sooner than somebody who asks for Version now
// and then would learn of them.
type Watcher interface {
	// Watch gives a signal soon after settings may have changed, on whichever node,
	// and whenever word of it may have been missed: the channel has room for one.
	// It is a hint beside polling Version, and never the only way. The channel is
	// closed when ctx is done or the ledger closes.
	Watch(ctx context.Context) <-chan struct{}
}
