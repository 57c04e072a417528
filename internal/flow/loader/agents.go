package loader

import (
	"crypto/sha256"
	"math/rand/v2"

	"homing"
	"homing/internal/rule/device"
)

// agent is what a User-Agent means.
type agent struct {
	device.Info
	class homing.ClickClass
	// print stands for the text where visitors are told apart.
	print [16]byte
}

// agents remembers what User-Agents mean: reading one takes longer than all
// else about a click, and most visitors share a few. It is for one goroutine.
//
// When it is full, the longer unused of two drawn at random goes: nearly as good
// as a list in order of use, without the upkeep, and no sequence of User-Agents
// can be made up against it.
type agents struct {
	index map[string]int32
	slots []slot
	clock uint32 // counts uses
}

type slot struct {
	text string
	used uint32
	agent
}

// maxAgents bounds the memory, to some 12 MB of the longest texts.
const maxAgents = 16384

// of tells what a User-Agent means. The answer is good until the next call.
func (a *agents) of(text []byte) *agent {
	a.clock++
	if i, ok := a.index[string(text)]; ok {
		a.slots[i].used = a.clock
		return &a.slots[i].agent
	}
	if a.index == nil {
		a.index = make(map[string]int32)
	}
	i := a.room()
	s := &a.slots[i]
	*s = slot{text: string(text), used: a.clock}
	s.Info, s.class = device.Parse(s.text), device.Class(text)
	sum := sha256.Sum256(text)
	s.print = [16]byte(sum[:])
	a.index[s.text] = i
	return &s.agent
}

// room is the slot for a new one.
func (a *agents) room() int32 {
	if len(a.slots) < maxAgents {
		a.slots = append(a.slots, slot{})
		return int32(len(a.slots) - 1)
	}
	i, j := rand.Int32N(maxAgents), rand.Int32N(maxAgents)
	if a.clock-a.slots[j].used > a.clock-a.slots[i].used {
		i = j
	}
	delete(a.index, a.slots[i].text)
	return i
}
