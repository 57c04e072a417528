package rulebook

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"

	"homing"
)

// What a restored ledger keeps away from; see ledger.Copier.
const (
	// numbersAhead is how many numbers are passed over: nobody makes as many
	// accounts or campaigns between a backup and a loss, and there are 40,000 times
	// as many.
	numbersAhead = 100_000
	// numbersDraw is how many times as many are passed over at most.
	numbersDraw = 1_000
	// NodesGivenUp is for how long. A clock that is behind by more is behind the
	// backup itself, which is noticed before.
	NodesGivenUp homing.Millis = 400 * 24 * 60 * 60 * 1000
	// NodeBlock is how many node numbers are kept. Every unclean end takes one for
	// as long as loans go ahead.
	NodeBlock = 128
)

// KeepExpired is how long an expired session or link stays: addresses and
// browsers of people are not kept for ever. KeepEnded is the same of a notice.
const (
	KeepExpired = homing.Millis(7 * 24 * time.Hour / time.Millisecond)
	KeepEnded   = homing.Millis(7 * 24 * time.Hour / time.Millisecond)
)

// NumbersPassed is how many numbers of accounts, keys, campaigns, users and tokens a
// restored ledger passes over. It is drawn by chance: the same backup may be restored
// twice, and what the first restored house gave a number to must not be something
// else in the second.
func NumbersPassed() int64 { return numbersAhead * (1 + draw(numbersDraw)) }

// DrawBlock draws the first number of the block of node numbers that a restored
// ledger goes on lending.
//
// The house that was lost went on minting after the backup, under the lowest
// numbers that were free. A clock that is right is past all these moments, and the
// marks would do. But the machine of the restored house may be behind by minutes,
// and would then mint ids anew that are on their way home. So it takes numbers
// that the lost one had no reason to touch: a block drawn by chance, for the same
// backup may be restored twice, of those that hold none which this ledger ever
// lent, and not the first, with which every house begins. Should every block have
// been used, any will do but the first: that takes eight restores.
func DrawBlock(used map[homing.NodeID]bool) homing.NodeID {
	var fresh, others []homing.NodeID
	for first := homing.NodeID(1 + NodeBlock); first < homing.DemoNode; first += NodeBlock {
		touched := false
		for node := first; node < first+NodeBlock; node++ {
			touched = touched || used[node]
		}
		if others = append(others, first); !touched {
			fresh = append(fresh, first)
		}
	}
	if len(fresh) == 0 {
		fresh = others
	}
	return fresh[draw(int64(len(fresh)))]
}

// draw draws a number below n.
func draw(n int64) int64 {
	drawn, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(fmt.Sprintf("rulebook: no randomness: %v", err)) // see crypto/rand
	}
	return drawn.Int64()
}

// NodeRange is the first and last number of the ordinary ones, or of those for
// tests. homing.DemoNode is in neither.
func NodeRange(test bool) (first, last homing.NodeID) {
	if test {
		return homing.FirstTestNode, homing.MaxNode
	}
	return 1, homing.DemoNode - 1
}

// NewLeaseToken is random, and never the 0 of a lease that was not given.
func NewLeaseToken() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint64(b[:]) | 1
}
