package app

import "iter"

// What is opened in the background is asked by way of get, which gives it or says why
// it is not there yet: done hands a call on that answers with nothing but an error,
// asked one with an answer, listed one with a list.

func done[E any](get func() (E, error), what func(E) error) error {
	there, err := get()
	if err != nil {
		return err
	}
	return what(there)
}

func asked[E, T any](get func() (E, error), what func(E) (T, error)) (T, error) {
	there, err := get()
	if err != nil {
		var none T
		return none, err
	}
	return what(there)
}

func listed[E, T any](get func() (E, error), what func(E) iter.Seq2[T, error]) iter.Seq2[T, error] {
	there, err := get()
	if err != nil {
		return func(yield func(T, error) bool) {
			var none T
			yield(none, err)
		}
	}
	return what(there)
}
