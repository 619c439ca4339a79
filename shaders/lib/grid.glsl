// SPDX-License-Identifier: GPL-3.0-or-later
// Linear indices of a grid that rk_dispatch_grid() folded into x and y.
#define RK_GROUP  (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x)
#define RK_GLOBAL (RK_GROUP * gl_WorkGroupSize.x + gl_LocalInvocationID.x)
