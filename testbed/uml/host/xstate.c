// Lets Debian 12's UML kernel (6.1) run on a host whose CPU has AMX. LD_PRELOADed into linux.uml by start.sh.
//
// UML switches a guest process's FPU state with PTRACE_SETREGSET of NT_X86_XSTATE and a fixed buffer of 2696 bytes,
// which ends after PKRU. The host wants the whole XSAVE area, 11008 bytes with AMX, and refuses less with EFAULT:
// "ptrace set fp regs failed, errno = 14", and the guest dies on its first return to user space. Guests do not use AMX
// (it takes an arch_prctl that UML does not have), so the rest of the area is its initial state: zeros.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define XSTATE_BV 512                 // offset of the bit map of the components that are not in their initial state
#define AMX ((uint64_t)3 << 17)       // TILECFG and TILEDATA
#define LEGACY_AND_HEADER (512 + 64)

static long (*next)(enum __ptrace_request, ...);

// UML traces from one thread, on stacks too small for this.
static union {
	unsigned char bytes[16 << 10];
	uint64_t words[(16 << 10) / 8];
} area;

__attribute__((constructor)) static void init(void)
{
	next = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list ap;
	va_start(ap, request);
	int pid = va_arg(ap, int);
	void *addr = va_arg(ap, void *);
	void *data = va_arg(ap, void *);
	va_end(ap);

	struct iovec *iov = data;
	if (request != PTRACE_SETREGSET || (uintptr_t)addr != NT_X86_XSTATE ||
	    iov->iov_len < LEGACY_AND_HEADER || iov->iov_len > sizeof(area))
		return next(request, pid, addr, data);

	memset(area.bytes + iov->iov_len, 0, sizeof(area) - iov->iov_len);
	memcpy(area.bytes, iov->iov_base, iov->iov_len);
	area.words[XSTATE_BV / 8] &= ~AMX;
	struct iovec whole = {area.bytes, sizeof(area)};   // the host takes as much of it as its XSAVE area has
	return next(request, pid, addr, &whole);
}
