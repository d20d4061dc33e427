"""How Numba is kept from translating every part of the kernel on its own.

Promise: a part is typed and lowered to LLVM's intermediate code once, and optimized and translated
to machine code only as part of the functions that Python calls. Of those the cache keeps the
machine code and nothing else.

Why: the kernel is one function of some three hundred small ones, one in the other. Numba would
optimize and translate each with all that is in it, so what is five deep five times over, and keep
the machine code, which nobody ever calls. And what the cache has kept, every start reads.
"""

from typing import Any

from llvmlite import binding, ir
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _Nowhere:
    """What a part is given where others have a place for machine code."""

    def set_env(self, name: str, environment: Any) -> None:
        """A part that never runs by itself needs no environment."""


class _Part(JITCodeLibrary):
    """The intermediate code of a part, for those that it becomes part of."""

    def _optimize_final_module(self) -> None:
        """Whoever has this part does it."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """No machine code: 0, as of any function that isn't there."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        """Nowhere."""
        return _Nowhere()


class _CalledPart(_Part):
    """… which is seldom needed, and must not be copied to where it is called."""

    def add_ir_module(self, ir_module: Any) -> None:
        """See Numba."""
        for function in ir_module.functions:
            if function.blocks and "alwaysinline" not in function.attributes:
                function.attributes.add("noinline")
                function.attributes.add("cold")
        super().add_ir_module(ir_module)


_ENVIRONMENT = "_ZN08NumbaEnv"
"""How the names of places for environments begin. A part has one, for what it would need if it ran
as Python; nothing here does."""


class _Entry(JITCodeLibrary):
    """What Python calls."""

    def _optimize_final_module(self) -> None:
        """Numba's way; then the environments that nobody looks at are left out."""
        super()._optimize_final_module()
        module = self._final_module
        places = [each for each in module.global_variables if each.name.startswith(_ENVIRONMENT)]
        for place in places:
            place.linkage = "internal"
        passes = binding.create_new_module_pass_manager()
        passes.add_global_dead_code_eliminate_pass()
        passes.run(module, self._codegen._pass_builder())
        for each in module.global_variables:
            if each.name.startswith(_ENVIRONMENT):
                each.linkage = "common"

    def serialize_using_object_code(self) -> tuple[str, str, tuple[bytes, bytes]]:
        """The machine code, and the names of the functions in it. Numba adds their intermediate
        code, so that other functions could call them and have them inlined: none may
        (tests/rules/test_entries.py)."""
        names = [each.name for each in self._final_module.functions if not each.is_declaration]
        code: bytes = self._get_compiled_object()
        return self.name, "object", (code, _naming(names))


def _naming(names: list[str]) -> bytes:
    """A module in intermediate code that does nothing but define functions of these names."""
    module = ir.Module()
    for name in names:
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), []), name)
        ir.IRBuilder(function.append_basic_block()).ret_void()
    bitcode: bytes = binding.parse_assembly(str(module)).as_bitcode()
    return bitcode


class PartCompiler(Compiler):
    """Numba's own way of compiling, but for where the code ends up."""

    library_of: type[JITCodeLibrary] = _Part

    def compile_extra(self, func: Any) -> Any:
        """See Numba."""
        self.state.library = self.library_of(self.state.targetctx.codegen(), func.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)


class CalledPartCompiler(PartCompiler):
    """The same for parts that are called."""

    library_of = _CalledPart


class EntryCompiler(PartCompiler):
    """The same for what Python calls."""

    library_of = _Entry
