/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_DMABUF_H
#define MEMBANK_DMABUF_H

#include "offer.h"

struct dma_buf;
struct membank_bank;
struct membank_dataspace;
struct membank_handle;

extern const struct membank_offer_ops membank_dmabuf_offer_ops;

struct dma_buf *membank_dmabuf_alloc(struct membank_bank *bank, u64 length,
				     u32 flags, u32 align, u32 rights);
struct dma_buf *membank_dmabuf_derive(struct dma_buf *dmabuf, u32 rights);
int membank_dmabuf_revoke(struct dma_buf *dmabuf);

struct dma_buf *membank_dmabuf_get(int fd);
struct dma_buf *membank_dmabuf_of_file(struct file *file);
struct membank_dataspace *membank_dmabuf_dataspace(struct dma_buf *dmabuf);
struct membank_handle *membank_dmabuf_handle(struct dma_buf *dmabuf);

#endif /* MEMBANK_DMABUF_H */
