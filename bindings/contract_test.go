// The script API as its contract has it, section by section, in scenarios that are written against
// the contract alone.

package bindings_test

import (
	"os"
	"testing"

	"github.com/hwlua/hwlua/bindings"
	contract "github.com/hwlua/hwlua/vm/scenario"
)

func TestContract(t *testing.T) {
	contract.Test(t, os.DirFS("testdata/contract"), bindings.Hardware())
}
