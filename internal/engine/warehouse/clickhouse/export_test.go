package clickhouse

// Look brings the status up to date.
func (w *Warehouse) Look() { w.look(true) }
