package journal

import "context"

// Listener is one look after the other of FollowOthers.
func (j *Journal) Listener(o Others) func(context.Context) error {
	return (&listening{j: j, o: o}).round
}
