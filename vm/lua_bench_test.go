// Benchmarks of whole programs compared with raw gopher-lua, in one run: go test ./vm -run '^$' -bench
// BenchmarkLua.

package vm_test

import (
	"testing"

	"github.com/hwlua/hwlua/vm"
)

var luaPrograms = []struct{ name, src string }{
	{
		name: "fib",
		src:  `local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(22)`,
	},
	{
		name: "fannkuch",
		src: `local function fannkuch(n)
			local p, q, s, sign, maxflips, sum = {}, {}, {}, 1, 0, 0
			for i = 1, n do p[i] = i q[i] = i s[i] = i end
			repeat
				local q0 = p[1]
				if q0 ~= 1 then
					for i = 2, n do q[i] = p[i] end
					local flips = 1
					while true do
						local qq = q[q0]
						if qq == 1 then
							sum = sum + sign * flips
							if flips > maxflips then maxflips = flips end
							break
						end
						q[q0] = q0
						if q0 >= 4 then
							local i, j = 2, q0 - 1
							repeat local x = q[i] q[i] = q[j] q[j] = x i = i + 1 j = j - 1 until i >= j
						end
						q0 = qq
						flips = flips + 1
					end
				end
				if sign == 1 then
					local x = p[1] p[1] = p[2] p[2] = x sign = -1
				else
					local x = p[2] p[2] = p[3] p[3] = x sign = 1
					for i = 3, n do
						local sx = s[i]
						if sx ~= 1 then s[i] = sx - 1 break end
						if i == n then return sum, maxflips end
						s[i] = i
						local y = p[1]
						for j = 1, i do p[j] = p[j + 1] end
						p[i + 1] = y
					end
				end
			until false
		end
		return fannkuch(7)`,
	},
	{
		name: "sieve",
		src: `local flags, count = {}, 0
			for i = 2, 8192 do flags[i] = true end
			for i = 2, 8192 do
				if flags[i] then
					for k = i + i, 8192, i do flags[k] = false end
					count = count + 1
				end
			end
			return count`,
	},
	{
		name: "queens",
		src: `local N, count = 7, 0
			local function ok(a, n, c)
				for i = 1, n - 1 do
					if a[i] == c or a[i] - i == c - n or a[i] + i == c + n then return false end
				end
				return true
			end
			local function add(a, n)
				if n > N then count = count + 1 return end
				for c = 1, N do if ok(a, n, c) then a[n] = c add(a, n + 1) end end
			end
			add({}, 1)
			return count`,
	},
	{
		name: "nbody",
		src: `local sqrt, bodies = math.sqrt, {}
			for i = 1, 5 do
				bodies[i] = {x = i, y = i * 2, z = i * 3, vx = 0.1 * i, vy = 0.2, vz = 0.3, mass = i}
			end
			local function advance(dt)
				for i = 1, #bodies do
					local bi = bodies[i]
					local bix, biy, biz, bimass = bi.x, bi.y, bi.z, bi.mass
					local vx, vy, vz = bi.vx, bi.vy, bi.vz
					for j = i + 1, #bodies do
						local bj = bodies[j]
						local dx, dy, dz = bix - bj.x, biy - bj.y, biz - bj.z
						local d2 = dx * dx + dy * dy + dz * dz
						local mag = sqrt(d2)
						mag = dt / (mag * d2)
						local bm = bj.mass * mag
						vx = vx - dx * bm vy = vy - dy * bm vz = vz - dz * bm
						bm = bimass * mag
						bj.vx = bj.vx + dx * bm bj.vy = bj.vy + dy * bm bj.vz = bj.vz + dz * bm
					end
					bi.vx, bi.vy, bi.vz = vx, vy, vz
					bi.x, bi.y, bi.z = bix + dt * vx, biy + dt * vy, biz + dt * vz
				end
			end
			for i = 1, 1000 do advance(0.01) end`,
	},
	{
		name: "methods",
		src: `local C = {} C.__index = C function C:get() return self.v end
			local o = setmetatable({v = 1}, C) for i = 1, 50000 do o:get() end`,
	},
	{
		name: "switch",
		src: `local f = coroutine.wrap(function() while true do coroutine.yield() end end)
			for i = 1, 20000 do f() end`,
	},
	{name: "bounds", src: `local a, b, n = 1, 100000, 0 for i = a, b do n = n + i end return n`},
	{name: "bounds-short",
		src: `local a, b, n = 1, 3, 0 for i = 1, 20000 do for j = a, b do n = n + j end end`},
	{
		name: "literals",
		src: `local n, x = 0, 5 for i = 1, 50000 do if x < 0xffffff8000000000 then n = n + 1 end
			if 0xffffff8000000000 <= x then n = n - 1 end end return n`,
	},
	{name: "assert", src: `local x = 1 for i = 1, 50000 do assert(x) end`},
	{name: "pairs",
		src: `local t = {} for i = 1, 100 do t[i] = i end for i = 1, 300 do for k, v in pairs(t) do end end`},
	{name: "add", src: `local x, y = 12345, 678 for i = 1, 100000 do local z = x + y end`},
	{name: "mod", src: `local x, y = 12345, 678 for i = 1, 100000 do local z = x % y end`},
}

func BenchmarkLua(b *testing.B) {
	for _, p := range luaPrograms {
		b.Run(p.name+"/raw", func(b *testing.B) { benchRaw(b, rawState(b), p.src) })
		b.Run(p.name+"/vm", func(b *testing.B) { benchVM(b, vm.Config{Limits: allLimits}, p.src) })
	}
}
