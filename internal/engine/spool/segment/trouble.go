package segment

// Trouble implements spool.Spool.
//
// A batch that failed says that nothing can be stored, and the next may say
// otherwise; but while nobody is sent here any more there is no next one. So a
// failure only counts while no room can be prepared either, which is tried again
// and again, whoever comes.
func (s *Spool) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.dead != nil:
		return s.dead
	case s.closing:
		return errClosed
	case s.hung:
		return errHung
	case s.failing:
		return s.noRoom
	}
	return nil
}

// notePrepared notes how the latest attempt to prepare a file went.
func (s *Spool) notePrepared(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noRoom = err
}
