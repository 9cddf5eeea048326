/** The tenant in whose log stands what operators changed. No API key and no token may write to it. */
export const systemTenant = 'system';
