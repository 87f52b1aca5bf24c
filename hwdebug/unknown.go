// The error for a name that a machine does not know.

package hwdebug

import "fmt"

// An UnknownError reports a name that is not among the known ones. Its text makes no suggestion:
// whoever prints it picks one from Known.
type UnknownError struct {
	What  string // the kind of the name, with its article: "a modelled kernel function"
	Name  string
	Known []string // the names that would have been accepted
}

func (e *UnknownError) Error() string { return fmt.Sprintf("'%s' is not %s", e.Name, e.What) }
