package signin

import (
	"context"
	"fmt"
	"slices"

	"homing/internal/engine/ledger"
)

// Sessions lists the person's sessions that are not over, the newest first.
func (s *SignIn) Sessions(ctx context.Context, p *Person) ([]ledger.Session, error) {
	sessions, err := s.people.SessionsOf(ctx, p.ID)
	if err != nil {
		return nil, fmt.Errorf("couldn't read the sessions of user %s: %w", p.ID, err)
	}
	now := s.now()
	return slices.DeleteFunc(sessions, func(one ledger.Session) bool { return now >= one.Expires }), nil
}

// EndSession ends a session of the person. Which are the person's, the caller has
// asked Sessions.
func (s *SignIn) EndSession(ctx context.Context, one ledger.Session) error {
	if err := s.people.DropSession(ctx, one.Token); err != nil {
		return fmt.Errorf("couldn't end a session: %w", err)
	}
	return nil
}

// EndOthers ends the person's sessions but for the one that asks.
func (s *SignIn) EndOthers(ctx context.Context, p *Person) error {
	if err := s.people.DropSessionsOf(ctx, p.ID, p.Session.Token); err != nil {
		return fmt.Errorf("couldn't end the other sessions: %w", err)
	}
	return nil
}
