package campaigns

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homing"
	"homing/internal/desk/panel/page"
)

// Goals are edited as rows of a number and a name. The button for one more row,
// and those that take one away, send the form without saving it.

// goalRow is a row as it was typed.
type goalRow struct{ Number, Name string }

func goalRowsOf(goals []homing.Goal) (rows []goalRow) {
	for _, g := range goals {
		rows = append(rows, goalRow{g.ID.String(), g.Name})
	}
	return rows
}

// typedGoals are the rows of a form, without one that was taken away, with one
// more if that was asked for.
func typedGoals(f *page.Form) (rows []goalRow) {
	numbers, names := f.All("goal_id"), f.All("goal_name")
	for i := range min(len(numbers), len(names)) {
		rows = append(rows, goalRow{strings.TrimSpace(numbers[i]), strings.TrimSpace(names[i])})
	}
	if i, err := strconv.Atoi(f.Get("without")); err == nil && i >= 0 && i < len(rows) {
		rows = slices.Delete(rows, i, i+1)
	}
	if f.Get("do") == "goal" {
		rows = append(rows, goalRow{nextGoal(rows), ""})
	}
	return rows
}

// nextGoal is the first number that is free.
func nextGoal(rows []goalRow) string {
	for n := 1; ; n++ {
		text := strconv.Itoa(n)
		if !slices.ContainsFunc(rows, func(r goalRow) bool { return r.Number == text }) {
			return text
		}
	}
}

// parseGoals reads the rows. One with nothing in it is none.
func parseGoals(rows []goalRow) (goals []homing.Goal, err error) {
	for i, r := range rows {
		if r == (goalRow{}) {
			continue
		}
		id, err := strconv.ParseUint(r.Number, 10, 32)
		switch {
		case err != nil || id == 0:
			return nil, fmt.Errorf("%w goal: row %d: give it a number from 1 on, which goalid then carries", homing.ErrInvalid, i+1)
		case r.Name == "":
			return nil, fmt.Errorf("%w goal: row %d: give it a name, or take the row away", homing.ErrInvalid, i+1)
		}
		goals = append(goals, homing.Goal{ID: homing.GoalID(id), Name: r.Name})
	}
	return goals, nil
}
