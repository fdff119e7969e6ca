/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMBANK_DMABUF_H
#define MEMBANK_DMABUF_H

#include "offer.h"

struct dma_buf;
struct membank_dataspace;

extern const struct membank_offer_ops membank_dmabuf_offer_ops;

struct dma_buf *membank_dmabuf_export(struct membank_dataspace *dataspace);
struct dma_buf *membank_dmabuf_get(int fd);
struct membank_dataspace *membank_dmabuf_dataspace(struct dma_buf *dmabuf);

#endif /* MEMBANK_DMABUF_H */
