"""Runs in a Windows program: shares Direct3D textures between programs by memory, under a Wine that cannot.

Wine answers `IDXGIResource::GetSharedHandle` and `ID3D11Device::OpenSharedResource` with E_NOTIMPL. A `SharedTextures`
puts both into its process, for all devices, and lets `CopyResource` know of shared textures. All else stays Wine's.

A shared texture has a mapping named after its handle. What is copied into the texture is put there at once (on Windows
others may see it only after a flush); what is copied out of a texture that was opened begins with what is there.
"""

import ctypes
import itertools
import os
from collections.abc import Callable
from ctypes import POINTER, byref, c_long, c_uint, c_void_p
from typing import Any
from uuid import UUID

import numpy as np

from bridge.video.windows import Memory, windows_objects

S_OK, E_INVALIDARG = 0, -0x7FF8FFA9
SHARED, RENDER_AND_SHADER, STAGING, MAY_BE_READ, READ = 0x2, 0x28, 3, 0x20000, 1
SDK_VERSION, HARDWARE = 7, 1
WRITABLE = 0x04
BGRA = 87
PIXEL_BYTES = 4
HEADER_BYTES = 12
"""Width, height and DXGI format before the pixels, 4 bytes each."""

# Where the methods stand in the tables of d3d11.h and dxgi.h.
QUERY_INTERFACE, RELEASE = 0, 2
GET_SHARED_HANDLE = 8
CREATE_TEXTURE, OPEN_SHARED_RESOURCE = 5, 28
GET_DEVICE, GET_PRIVATE_DATA, SET_PRIVATE_DATA, GET_DESCRIPTION = 3, 4, 5, 10
MAP, UNMAP, COPY_RESOURCE, UPDATE_SUBRESOURCE = 14, 15, 47, 48


def _guid(text: str) -> Any:
    return (ctypes.c_ubyte * 16)(*UUID(text).bytes_le)


TEXTURE = _guid("6f15aaf2-d208-4e89-9ab4-489535d34f9c")
DXGI_RESOURCE = _guid("035f3ab4-482e-4e50-b41f-8a7f8bd8960b")
HANDLE = _guid("0d8b6f3e-6a41-4c55-9a3c-3f2f4d6e7c10")
"""Under this key a texture keeps its handle, which so goes when the texture goes."""


class _Description(ctypes.Structure):
    """D3D11_TEXTURE2D_DESC."""

    _fields_ = (
        ("width", c_uint),
        ("height", c_uint),
        ("levels", c_uint),
        ("slices", c_uint),
        ("format", c_uint),
        ("samples", c_uint),
        ("quality", c_uint),
        ("usage", c_uint),
        ("bind", c_uint),
        ("processor", c_uint),
        ("shared", c_uint),
    )


class _Mapped(ctypes.Structure):
    """D3D11_MAPPED_SUBRESOURCE."""

    _fields_ = (("data", c_void_p), ("row_bytes", c_uint), ("slice_bytes", c_uint))


class SharedTextures:
    """To be made once in a process, and kept until its end."""

    def __init__(self) -> None:
        self._objects = windows_objects("spout")
        self._memories: dict[int, Memory] = {}
        self._numbers = itertools.count(1)
        self._kept: list[Any] = []
        self._device, self._context = _device()
        texture = _shareable(self._device, 8, 8, BGRA)
        resource = c_void_p()
        _method(texture, QUERY_INTERFACE, c_void_p, c_void_p)(DXGI_RESOURCE, byref(resource))
        self._replace(resource, GET_SHARED_HANDLE, self._get_shared_handle, c_long, POINTER(c_void_p))
        self._replace(self._device, OPEN_SHARED_RESOURCE, self._open, c_long, c_void_p, c_void_p, POINTER(c_void_p))
        self._copy = self._replace(self._context, COPY_RESOURCE, self._copy_resource, None, c_void_p, c_void_p)

    def handle_of_new(self, pixels: np.ndarray, pixel_format: int) -> int:
        """The handle of a new shared texture with these pixels, as a Direct3D program that has no Spout.dll makes one.

        pixels: uint8 (height, width, 4), as they lie in memory. pixel_format: of DXGI, with 4 bytes a pixel.
        """
        height, width = pixels.shape[:2]
        texture, resource, handle = _shareable(self._device, width, height, pixel_format), c_void_p(), c_void_p()
        _method(texture, QUERY_INTERFACE, c_void_p, c_void_p)(DXGI_RESOURCE, byref(resource))
        _method(resource, GET_SHARED_HANDLE, c_void_p)(byref(handle))
        drawn = _shareable(self._device, width, height, pixel_format)
        _fill(self._context, drawn, np.ascontiguousarray(pixels).ctypes.data)
        _method(self._context, COPY_RESOURCE, c_void_p, c_void_p, result=None)(texture, drawn)
        return handle.value or 0

    def _replace(self, thing: c_void_p, index: int, ours: Callable[..., Any], result: Any, *types: Any) -> Any:
        """Put `ours` into the table of methods that all things of this kind share; the method that was there."""
        kind = ctypes.WINFUNCTYPE(result, c_void_p, *types)  # type: ignore[attr-defined]
        table = ctypes.cast(thing, POINTER(POINTER(c_void_p)))[0]
        before, after = kind(table[index]), kind(ours)
        self._kept.append(after)
        slot = ctypes.addressof(table.contents) + index * ctypes.sizeof(c_void_p)
        protect = ctypes.windll.kernel32.VirtualProtect  # type: ignore[attr-defined]
        protect(c_void_p(slot), ctypes.c_size_t(8), WRITABLE, byref(c_uint()))
        c_void_p.from_address(slot).value = ctypes.cast(after, c_void_p).value
        return before

    def _get_shared_handle(self, resource: int, handle: Any) -> int:
        texture = c_void_p()
        _method(resource, QUERY_INTERFACE, c_void_p, c_void_p)(TEXTURE, byref(texture))
        _method(texture, RELEASE)()  # whoever asks holds it
        about = _describe(texture)
        if not about.shared & SHARED:
            return E_INVALIDARG
        number = _handle_of(texture)
        if number is None:
            number = 0x40000002 | (os.getpid() & 0x3FFF) << 16 | next(self._numbers) << 2
            size = HEADER_BYTES + about.width * about.height * PIXEL_BYTES
            memory = self._memories[number] = self._objects.create_memory(_name(number), size)
            memory.data[:HEADER_BYTES] = bytes((c_uint * 3)(about.width, about.height, about.format))
            _mark(texture, number)
        handle[0] = number
        return S_OK

    def _open(self, device: int, handle: int | None, interface: int, opened: Any) -> int:
        number = (handle or 0) & 0xFFFFFFFF
        memory = self._memories.get(number) or self._objects.open_memory(_name(number))
        if memory is None:
            return E_INVALIDARG
        self._memories[number] = memory
        texture = _shareable(device, *(c_uint * 3).from_buffer_copy(memory.data[:HEADER_BYTES]))
        _mark(texture, number)
        result = _method(texture, QUERY_INTERFACE, c_void_p, c_void_p)(interface, opened)
        _method(texture, RELEASE)()
        return result

    def _copy_resource(self, context: int, target: int, origin: int) -> None:
        if (number := _handle_of(origin)) is not None:
            memory = self._memories[number].data
            _fill(context, origin, ctypes.addressof(ctypes.c_ubyte.from_buffer(memory, HEADER_BYTES)))
        self._copy(context, target, origin)
        if (number := _handle_of(target)) is not None:
            self._publish(context, target, self._memories[number])

    def _publish(self, context: int, texture: int, memory: Memory) -> None:
        about, device, mapped = _describe(texture), c_void_p(), _Mapped()
        row, rows = about.width * PIXEL_BYTES, about.height
        _method(texture, GET_DEVICE, c_void_p, result=None)(byref(device))
        about.usage, about.bind, about.processor, about.shared = STAGING, 0, MAY_BE_READ, 0
        copy = _new_texture(device, about)
        self._copy(context, copy, texture)
        _check(_method(context, MAP, c_void_p, c_uint, c_uint, c_uint, c_void_p)(copy, 0, READ, 0, byref(mapped)))
        for y in range(rows):
            start = HEADER_BYTES + y * row
            memory.data[start : start + row] = ctypes.string_at(mapped.data + y * mapped.row_bytes, row)
        _method(context, UNMAP, c_void_p, c_uint, result=None)(copy, 0)
        _method(copy, RELEASE)()
        _method(device, RELEASE)()


def _method(thing: Any, index: int, *types: Any, result: Any = c_long) -> Callable[..., Any]:
    table = ctypes.cast(thing, POINTER(POINTER(c_void_p)))[0]
    function = ctypes.WINFUNCTYPE(result, c_void_p, *types)(table[index])  # type: ignore[attr-defined]
    return lambda *arguments: function(thing, *arguments)


def _device() -> tuple[c_void_p, c_void_p]:
    """A device and its immediate context."""
    device, context = c_void_p(), c_void_p()
    create = ctypes.WinDLL("d3d11").D3D11CreateDevice  # type: ignore[attr-defined]
    _check(create(None, HARDWARE, None, 0, None, 0, SDK_VERSION, byref(device), None, byref(context)))
    return device, context


def _shareable(device: Any, width: int, height: int, pixel_format: int) -> c_void_p:
    return _new_texture(device, _Description(width, height, 1, 1, pixel_format, 1, 0, 0, RENDER_AND_SHADER, 0, SHARED))


def _new_texture(device: Any, about: _Description) -> c_void_p:
    texture = c_void_p()
    _check(_method(device, CREATE_TEXTURE, c_void_p, c_void_p, c_void_p)(byref(about), None, byref(texture)))
    return texture


def _fill(context: Any, texture: Any, address: int) -> None:
    row = _describe(texture).width * PIXEL_BYTES
    update = _method(context, UPDATE_SUBRESOURCE, c_void_p, c_uint, c_void_p, c_void_p, c_uint, c_uint, result=None)
    update(texture, 0, None, address, row, 0)


def _describe(texture: Any) -> _Description:
    about = _Description()
    _method(texture, GET_DESCRIPTION, c_void_p, result=None)(byref(about))
    return about


def _mark(texture: c_void_p, number: int) -> None:
    _method(texture, SET_PRIVATE_DATA, c_void_p, c_uint, c_void_p)(HANDLE, 4, byref(c_uint(number)))


def _handle_of(texture: Any) -> int | None:
    number, size = c_uint(), c_uint(4)
    failed = _method(texture, GET_PRIVATE_DATA, c_void_p, c_void_p, c_void_p)(HANDLE, byref(size), byref(number))
    return None if failed else number.value


def _check(result: int) -> None:
    if result < 0:
        raise OSError(f"Direct3D says {result & 0xFFFFFFFF:#010x}")


def _name(number: int) -> str:
    return f"shared texture {number:08x}"
