// The errors of the contract.

package hwdebug_test

import (
	"errors"
	"testing"

	"github.com/hwlua/hwlua/hwdebug"
)

func TestUnknownError(t *testing.T) {
	var err error = &hwdebug.UnknownError{What: "a modelled kernel function", Name: "nope",
		Known: []string{"do_exit"}}
	if got, want := err.Error(), "'nope' is not a modelled kernel function"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if inner := errors.Unwrap(err); inner != nil {
		t.Errorf("Unwrap() = %v, want nil", inner)
	}
}
