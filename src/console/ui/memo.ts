import { Component, type ComponentType, createElement } from 'preact';

/** A component that is rendered again only when one of its props is another one. */
export function memo<P extends object>(Inner: (props: P) => preact.JSX.Element): ComponentType<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const names = Object.keys(next) as (keyof P)[];
      return names.some((name) => next[name] !== this.props[name]);
    }
    override render() {
      return createElement(Inner, this.props as P & preact.Attributes);
    }
  };
}
