/** How the console looks: as the system says, or as chosen for this tab. */
export type Theme = 'system' | 'light' | 'dark';
const key = 'theme';

/** What this tab chose. */
export const currentTheme = (): Theme => {
  const kept = sessionStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
};

/** Shows a theme, and keeps it for this tab. */
export function showTheme(theme: Theme): void {
  sessionStorage.setItem(key, theme);
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}
